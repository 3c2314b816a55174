"""Pure rules: standard library only. Dates, precision and users are arguments; nothing here knows Frappe."""
