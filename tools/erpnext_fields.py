"""Write tests/data/erpnext_fields.json: what ERPNext's DocTypes that the app names have in v15 and in develop alike.

Usage: python tools/erpnext_fields.py FOLDER

FOLDER holds v15.json and develop.json: DocType -> istable, submittable, fields {fieldname: type, or Link:Target}. A DocType or
field that only one of the two has is left out, so that the architecture test refuses it.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.names import OPTIONAL, ROOT, doctypes, named

TARGET = ROOT / "tests" / "data" / "erpnext_fields.json"


def extract(folder: Path) -> dict[str, dict]:
	v15, develop = (json.loads((folder / f"{version}.json").read_text()) for version in ("v15", "develop"))
	ours = set(doctypes())
	result = {}
	for name in sorted({entry.doctype for entry in named()} - ours - OPTIONAL):
		if name not in v15 or name not in develop:
			print(f"{name}: in v15 {name in v15}, in develop {name in develop}", file=sys.stderr)
			continue
		here, there = v15[name], develop[name]
		fields = sorted(field for field in here["fields"] if field in there["fields"])
		result[name] = {"istable": here["istable"], "submittable": here["submittable"], "fields": fields}
	return result


def main(folder: str) -> None:
	TARGET.parent.mkdir(parents=True, exist_ok=True)
	lines = [f"{json.dumps(name)}: {json.dumps(entry)}" for name, entry in extract(Path(folder)).items()]
	TARGET.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
	main(sys.argv[1]) if len(sys.argv) == 2 else sys.exit(__doc__)
