"""doc_events handlers: one-line calls."""
