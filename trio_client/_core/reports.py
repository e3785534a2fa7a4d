"""What calls that do many things say of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import TrioError
from ..models import CancelledJob

__all__ = ["CancelReport"]


@dataclass(frozen=True, slots=True)
class CancelReport:
    """What became of a `cancel_all`.

    Attributes:
        cancelled: the jobs that were cancelled.
        failed: the errors of those that could not be, by job id.
    """

    cancelled: tuple[CancelledJob, ...]
    failed: Mapping[str, TrioError]
