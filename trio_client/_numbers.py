"""Check numbers that callers pass, and say what is wrong with them."""

from __future__ import annotations

import math
from decimal import Decimal
from numbers import Real
from typing import Any, SupportsFloat

from ._redaction import quoted
from .errors import RequestValidationError

__all__ = ["is_number", "not_negative", "plain", "positive", "positive_limit"]


def is_number(value: Any) -> bool:
    """Return whether a value can be counted with: numpy's can; a bool cannot, nor can an int that no float holds."""
    return not isinstance(value, bool) and isinstance(value, Real) and not _is_too_large(value)


def plain(value: Any) -> Any:
    """Return a `Decimal`, as which programs hold money, as a float, which prices are; anything else as it is."""
    if not isinstance(value, Decimal):
        return value
    return math.nan if value.is_nan() else float(value)


def positive(field: str, value: Any, unit: str) -> None:
    """Check an argument that must be a positive number."""
    if not is_number(value) or not value > 0:
        raise RequestValidationError(
            f"{field} is {quoted(value, field)}; it must be a positive number of {unit}.", field=field, value=value
        )


def positive_limit(field: str, value: Any, unit: str, *, advice: str | None = None) -> None:
    """Check a limit, which must be a positive number that is finite: infinity is no limit, and cannot be counted."""
    if value == math.inf or (isinstance(value, int) and _is_too_large(value)):
        raise RequestValidationError(
            f"{field} is {quoted(value, field)}; it must be a finite number of {unit}.",
            advice=advice or f"Leave {field} out for no limit.",
            field=field,
            value=value,
        )
    positive(field, value, unit)


def not_negative(field: str, value: Any, unit: str, *, finite: bool = False) -> None:
    """Check an argument that must be a number of 0 or more."""
    if not is_number(value) or not value >= 0 or (finite and math.isinf(value)):
        wanted = f"0 or more {unit}, and finite" if finite else f"0 or more {unit}"
        raise RequestValidationError(
            f"{field} is {quoted(value, field)}; it must be {wanted}.", field=field, value=value
        )


def _is_too_large(number: SupportsFloat) -> bool:
    try:
        float(number)
    except OverflowError:
        return True
    return False
