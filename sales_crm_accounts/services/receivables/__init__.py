"""Use cases of open receivables on a site."""
