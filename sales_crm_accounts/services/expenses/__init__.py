"""Expenses of deals: what they are, whom they fall on, how they are posted, and what was planned for them."""
