"""Use cases on a site: load, decide by `core`, save. Transactions, locks and exactly-once live here."""
