"""Write the JSON Schema of what `event.to_dict()` returns into the documentation; with --check only compare."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pydantic import TypeAdapter

from trio_client.events import Event

FILE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "event.schema.json"


def schema() -> str:
    found = TypeAdapter(Event).json_schema(mode="serialization")
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Event",
        "description": "An event as event.to_dict() of trio-client writes it. Written by `make schema`; do not edit.",
    }
    return json.dumps({**head, **found}, indent=2) + "\n"


def main() -> int:
    text = schema()
    if "--check" in sys.argv:
        if FILE.exists() and FILE.read_text(encoding="utf-8") == text:
            return 0
        print(f"{FILE.name} does not hold what the events are: run `make schema`", file=sys.stderr)
        return 1
    FILE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
