"""From a won deal to money in the bank, with the books right every day, inside ERPNext."""

__version__ = "0.1.0"
