"""Cash matching on a site: what came in against open installments; proposals, what is applied of them, and its undoing.

`load` reads in sets, `core.matching` decides, `proposals` keeps, `apply` and `undo` act through ERPNext's own documents.
"""

PROPOSED, AWAITING, APPLIED, REJECTED, UNDONE = (
	"Proposed",
	"Awaiting Approval",
	"Applied",
	"Rejected",
	"Undone",
)
BANK, PAYMENT = "Bank Transaction", "Payment Entry"
