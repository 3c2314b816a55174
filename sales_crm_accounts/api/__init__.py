"""Whitelisted functions: typed, permission first, then a service."""
