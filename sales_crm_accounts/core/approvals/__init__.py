"""Approval chains: who must sign what, who has signed, and whether what was signed is what is posted."""
