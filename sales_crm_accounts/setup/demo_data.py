"""What the demo company sells to whom: its people, customers, items and deals, in days before today."""

COMPANY, ABBR = "Brightwater Automation", "BWA"
BANK = f"Brightwater Checking - {ABBR}"
RECEIVABLE_EUR = f"Debtors EUR - {ABBR}"
TAX_TEMPLATE = f"Sales Tax 8% - {ABBR}"
MIA, TOM, PRIYA, RUTH = (f"{name}@brightwater.example" for name in ("mia", "tom", "priya", "ruth"))
PEOPLE = {
	MIA: ("Mia Chen", ["Deal User", "Sales User"]),
	TOM: ("Tom Alvarez", ["Deal User", "Sales User"]),
	PRIYA: ("Priya Nair", ["Deal Manager", "Sales Manager", "Sales User"]),
	RUTH: ("Ruth Weber", ["Accounts User", "Accounts Manager"]),
}
ITEMS = {
	"BW-ROBOT-40": ("Palletizing Robot PR-40", "Nos", 84000),
	"BW-CONVEYOR-12": ("Conveyor Line CL-12", "Nos", 36500),
	"BW-VISION": ("Vision Inspection Cell", "Nos", 27800),
	"BW-INSTALL": ("Installation and Commissioning", "Day", 1250),
	"BW-TRAINING": ("Operator Training", "Day", 980),
	"BW-SERVICE": ("Annual Service Plan", "Nos", 9600),
}
CUSTOMERS = (
	"Hollander Foods",
	"Kestrel Packaging",
	"Redwood Beverages",
	"Sunfield Dairy",
	"Atlas Pharma",
	"Orchard & Finch",
	"Pacific Paper Mills",
	"Larkspur Cosmetics",
)
CUSTOMER_EUR = "Nordhaven Logistik GmbH"


def row(description, percent, months=None, milestone=None, days=30, **values):
	trigger = "On Milestone" if milestone else "On Winning" if months is None else "On Date"
	return {
		"description": description,
		"basis": "Percent" if percent else "Remainder",
		"percent": percent or 0,
		"billing_trigger": trigger,
		"trigger_months": months or 0,
		"milestone": milestone,
		"due_rule": "Days After Invoice",
		"due_days": days,
		**values,
	}


PROJECT = [
	row("On signing", 30, days=14),
	row("On delivery of the line", 50, milestone="Line delivered"),
	row("After acceptance", 0, milestone="Site acceptance"),
]
THIRDS = [row("First third", 33.33), row("Second third", 33.33, 1), row("Last third", 33.34, 2)]
QUARTERS = [row(f"Quarter {n + 1}", 25, 3 * n, due_rule="End of Month", days=0) for n in range(4)]
MONTHS = [row(f"Month {n + 1}", 0 if n == 5 else 16.67, n, days=14) for n in range(6)]

#: Won deals: opened and won so many days ago; milestones confirmed so many days ago; payments as (installment, share of its
#: invoice, days ago).
WON = (
	{
		"title": "Palletizing line, Hamburg plant",
		"customer": "Hollander Foods",
		"owner": MIA,
		"opened": 250,
		"won": 215,
		"items": [("BW-ROBOT-40", 1), ("BW-CONVEYOR-12", 2), ("BW-INSTALL", 12)],
		"plan": PROJECT,
		"milestones": {2: 120, 3: 45},
		"payments": [(1, 1, 203), (2, 1, 88), (3, 0.4, 8)],
	},
	{
		"title": "Vision cells for line 3",
		"customer": "Atlas Pharma",
		"owner": TOM,
		"opened": 160,
		"won": 128,
		"items": [("BW-VISION", 3), ("BW-INSTALL", 6), ("BW-TRAINING", 4)],
		"plan": THIRDS,
		"payments": [(1, 1, 96), (2, 1, 70), (3, 1, 35)],
	},
	{
		"title": "Conveyor extension",
		"customer": "Kestrel Packaging",
		"owner": MIA,
		"opened": 120,
		"won": 96,
		"items": [("BW-CONVEYOR-12", 1), ("BW-INSTALL", 4)],
		"plan": THIRDS,
		"payments": [(1, 1, 60), (2, 0.5, 20)],
	},
	{
		"title": "Service plan 2026, four plants",
		"customer": "Redwood Beverages",
		"owner": PRIYA,
		"opened": 230,
		"won": 205,
		"items": [("BW-SERVICE", 4)],
		"plan": QUARTERS,
		"payments": [(1, 1, 170), (2, 1, 85)],
	},
	{
		"title": "Robot cell, rental with purchase",
		"customer": "Sunfield Dairy",
		"owner": TOM,
		"opened": 110,
		"won": 82,
		"items": [("BW-ROBOT-40", 1), ("BW-TRAINING", 3)],
		"plan": MONTHS,
		"payments": [(1, 1, 66), (2, 1, 41)],
	},
	{
		"title": "Depalletizer retrofit",
		"customer": CUSTOMER_EUR,
		"owner": MIA,
		"opened": 75,
		"won": 52,
		"currency": "EUR",
		"items": [("BW-CONVEYOR-12", 1), ("BW-VISION", 1), ("BW-INSTALL", 5)],
		"plan": PROJECT,
		"milestones": {2: 12},
		"payments": [(1, 1, 36)],
	},
	{
		"title": "Inspection cell, pilot",
		"customer": "Larkspur Cosmetics",
		"owner": TOM,
		"opened": 40,
		"won": 18,
		"items": [("BW-VISION", 1), ("BW-INSTALL", 2)],
		"plan": THIRDS,
		"payments": [],
	},
)
#: Open deals: (title, customer, owner, stage, opened days ago, expected close in days, items).
OPEN = (
	(
		"Second palletizing line",
		"Hollander Foods",
		MIA,
		"Negotiation",
		62,
		12,
		[("BW-ROBOT-40", 1), ("BW-INSTALL", 10)],
	),
	(
		"Reel handling robots",
		"Pacific Paper Mills",
		TOM,
		"Proposal",
		41,
		35,
		[("BW-ROBOT-40", 3), ("BW-INSTALL", 20)],
	),
	(
		"Bottle inspection",
		"Redwood Beverages",
		PRIYA,
		"Proposal",
		33,
		20,
		[("BW-VISION", 2), ("BW-TRAINING", 2)],
	),
	("Cold store conveyors", "Sunfield Dairy", TOM, "Needs Analysis", 26, 60, [("BW-CONVEYOR-12", 3)]),
	(
		"Gift box packing cell",
		"Orchard & Finch",
		MIA,
		"Qualification",
		9,
		75,
		[("BW-ROBOT-40", 1), ("BW-VISION", 1)],
	),
	("Service plan 2027", "Atlas Pharma", TOM, "Negotiation", 19, -3, [("BW-SERVICE", 2)]),
	(
		"Carton line, two shifts",
		"Kestrel Packaging",
		MIA,
		"Needs Analysis",
		14,
		48,
		[("BW-CONVEYOR-12", 2), ("BW-VISION", 1)],
	),
)
LOST = ("Blister inspection", "Atlas Pharma", TOM, 95, [("BW-VISION", 4)])
