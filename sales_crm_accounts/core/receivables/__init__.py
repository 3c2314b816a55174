"""Rules of open receivables: what is held back, how payers behave, what a ladder asks for, what waiting costs."""
