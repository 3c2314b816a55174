"""Approval chains on a site: who must agree before a document is posted or cancelled.

`gate` is what every submit and cancel meets; `chains` says which chain covers a document, `requests` keeps the rounds,
`decisions` takes what people decide, `posting` posts what was approved. The rules themselves are in `core.approvals`.
"""

SUBMIT, CANCEL = "Submit", "Cancel"
