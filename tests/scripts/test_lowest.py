"""No lower bound of a dependency allows a version with a known vulnerability."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from lowest import lowest, vulnerable


def test_no_lower_bound_is_known_to_be_vulnerable() -> None:
    assert vulnerable(lowest()) == []


@pytest.mark.parametrize(("version", "known"), [("1.3", 1), ("1.3.0", 1), ("1.3.1", 0), ("0.46", 4), ("1.10", 0)])
def test_an_older_version_is_reported_with_its_known_advisories(version: str, known: int) -> None:
    found = vulnerable([f"starlette=={version}"])
    assert len(found) == known
    assert all("https://" in each and "CVE-" in each for each in found)
