"""Whose job is whose: one record for each create, and the rules that match jobs to records."""

from __future__ import annotations

from .intent import (
    Intent,
    describe_failed_lookup,
    is_ambiguous,
    lookup_waits,
    may_have_made_a_job,
    outcome_unknown,
    reference_of,
    server_time,
    with_reference,
    with_tag,
)
from .ledger import CreateRecord, CreateState, Ledger
from .matching import Candidate, MadeBetween, PageTimes, candidate, fits
from .references import References, without_key

__all__ = [
    "Candidate",
    "CreateRecord",
    "CreateState",
    "Intent",
    "Ledger",
    "MadeBetween",
    "PageTimes",
    "References",
    "candidate",
    "describe_failed_lookup",
    "fits",
    "is_ambiguous",
    "lookup_waits",
    "may_have_made_a_job",
    "outcome_unknown",
    "reference_of",
    "server_time",
    "with_reference",
    "with_tag",
    "without_key",
]
