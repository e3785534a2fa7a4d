"""Write the models, and the JSON form of the OpenAPI files, from `openapi/*.yaml`.

Without arguments everything is written; with `--check` it is compared with what is there.
"""

from __future__ import annotations

import argparse
import copy
import difflib
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import jsonpath_rfc9535 as jsonpath
import yaml

ROOT = Path(__file__).resolve().parent.parent
APIS = ("trio", "osapi")
HEADER = "# Generated from openapi/{sources} by `make models`. Do not edit.\n# ruff: noqa: E501, RUF012\n"
STRICT = {"trio": "_strict.py", "osapi": "_osapi_strict.py"}
# Types of values that no request body refers to: users pass them as query parameters or meet them in replies.
PARAMETER_TYPES = {"JobStatus", "JobType", "OsapiStatusFilter", "StopReason"}
ABSENT = {"string": "", "integer": 0, "boolean": False, "object": {}, "array": []}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    check = parser.parse_args().check
    with tempfile.TemporaryDirectory() as scratch:
        files = generate(Path(scratch))
    if check:
        return report(files)
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return 0


def generate(scratch: Path) -> dict[Path, str]:
    files: dict[Path, str] = {}
    models = ROOT / "trio_client" / "models"
    for api in APIS:
        document = load(f"{api}.yaml")
        overlay = load(f"{api}.overlay.yaml")
        as_json = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
        files[ROOT / "trio_client" / "stub" / "documented" / "openapi" / f"{api}.json"] = as_json

        names = set(document["components"]["schemas"])
        requests = {name for name in names if name.endswith("Request")}
        jobs = (
            ("requests", f"_{api}_requests.py", only(document, requests | (PARAMETER_TYPES & names))),
            ("tolerant", f"_{api}.py", apply(overlay, document)),
            ("strict", STRICT[api], without_null(only(document, names - requests))),
        )
        for profile, name, source in jobs:
            sources = f"{api}.yaml and {api}.overlay.yaml" if profile == "tolerant" else f"{api}.yaml"
            text = HEADER.format(sources=sources) + models_of(source, profile, scratch / name)
            files[models / name] = tidy(text)
    return files


def load(name: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((ROOT / "openapi" / name).read_text(encoding="utf-8"))
    return document


def only(document: dict[str, Any], wanted: set[str]) -> dict[str, Any]:
    """Keep the wanted schemas and those they refer to; drop paths and webhooks."""
    schemas = document["components"]["schemas"]
    kept: set[str] = set()
    while wanted:
        name = wanted.pop()
        kept.add(name)
        wanted |= references(schemas[name]) - kept
    pruned = {name: schema for name, schema in schemas.items() if name in kept}
    return {"openapi": document["openapi"], "info": document["info"], "components": {"schemas": pruned}}


def references(schema: Any) -> set[str]:
    found = jsonpath.find("$..['$ref']", schema)
    return {str(node.value).rsplit("/", 1)[1] for node in found}


def without_null(document: dict[str, Any]) -> dict[str, Any]:
    """Give what may be absent but not null a default of its own type, for the generator would allow null.

    The strict models only judge; no program reads the defaults.
    """
    schemas = document["components"]["schemas"]
    result = copy.deepcopy(document)
    for schema in result["components"]["schemas"].values():
        required = schema.get("required", ())
        for name, prop in schema.get("properties", {}).items():
            target = schemas[next(iter(references(prop)))] if "$ref" in prop else prop
            kind = target.get("type")
            if name not in required and isinstance(kind, str):
                prop.setdefault("default", target["enum"][0] if "enum" in target else ABSENT[kind])
    return result


def apply(overlay: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    """Apply an overlay (OpenAPI Overlay Specification 1.0); a target that finds nothing is an error."""
    result = copy.deepcopy(document)
    for action in overlay["actions"]:
        # Deepest and last first, so that a removal does not move what is still to be removed.
        nodes = list(reversed(jsonpath.find(action["target"], result)))
        if not nodes:
            raise SystemExit(f"{overlay['info']['title']}: nothing at {action['target']}")
        for node in nodes:
            if action.get("remove"):
                parent: Any = result
                for step in node.location[:-1]:
                    parent = parent[step]
                del parent[node.location[-1]]
            else:
                merge(node.value, action["update"])
    return result


def merge(target: Any, update: dict[str, Any]) -> None:
    for key, value in update.items():
        if isinstance(value, dict) and isinstance(target.get(key), dict):
            merge(target[key], value)
        elif isinstance(value, list) and isinstance(target.get(key), list):
            target[key] = target[key] + copy.deepcopy(value)
        else:
            target[key] = copy.deepcopy(value)


def models_of(document: dict[str, Any], profile: str, output: Path) -> str:
    """Run the generator; its settings are in pyproject.toml, [tool.datamodel-codegen]."""
    source = output.with_suffix(".json")
    source.write_text(json.dumps(document), encoding="utf-8")
    command = [sys.executable, "-m", "datamodel_code_generator", "--profile", profile]
    subprocess.run([*command, "--input", source, "--output", output], cwd=ROOT, check=True)
    return output.read_text(encoding="utf-8")


def tidy(text: str) -> str:
    """Write aliases that need nothing beyond the standard library, sort the imports and format."""
    text = re.sub(r"# generated by datamodel-codegen:\n#   filename: .*\n", "", text)
    text = re.sub(r'(?m)^(\w+) = TypeAliasType\("\1", (.*)\)$', r"\1: TypeAlias = \2", text)
    text = text.replace("from typing_extensions import TypeAliasType\n", "from typing import TypeAlias\n")
    # The default of a nested model is written as `{}`, which type checkers refuse.
    nested = r"Annotated\[([A-Z]\w+), Field\(validate_default=True\)\] = \{\}"
    text = re.sub(nested, r"\1 = \1.model_construct()", text)
    for step in (["check", "--select=I", "--ignore-noqa", "--fix", "--exit-zero"], ["format"]):
        command = [
            sys.executable,
            "-m",
            "ruff",
            *step,
            "--quiet",
            "--stdin-filename=trio_client/models/_.py",
            "-",
        ]
        text = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True, input=text).stdout
    return text


def report(files: dict[Path, str]) -> int:
    differences = 0
    for path, text in files.items():
        there = path.read_text(encoding="utf-8") if path.exists() else ""
        if there != text:
            differences += 1
            name = str(path.relative_to(ROOT))
            before, after = there.splitlines(keepends=True), text.splitlines(keepends=True)
            sys.stdout.writelines(difflib.unified_diff(before, after, name, f"{name} (generated)"))
    return 1 if differences else 0


if __name__ == "__main__":
    raise SystemExit(main())
