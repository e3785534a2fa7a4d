"""What the jobs of a watch are known by, one after another."""

from __future__ import annotations

from collections.abc import Mapping

from .intent import KEY_HEADER, reference_of

__all__ = ["References", "without_key"]

_LONGEST = 240  # a number follows


class References:
    """Number the references of a watch: `order-7`, then `order-7-2`, `order-7-3` and so on.

    The number grows only where the create before may have made a job, so that no two jobs share a reference.

    Args:
        extra_headers: the caller's headers, which may have an `Idempotency-Key`.
        reference: the caller's reference; it cannot be given both ways. Without either, each create has a new one.
    """

    def __init__(self, extra_headers: Mapping[str, str] | None, reference: str | None) -> None:
        own = [value for name, value in (extra_headers or {}).items() if name.lower() == KEY_HEADER.lower()]
        if reference is not None:
            reference_of(extra_headers, reference, longest=_LONGEST)
        self._base = reference if reference is not None else own[0] if own else None
        self._number = 1

    @property
    def next(self) -> str | None:
        """The reference of the next create; `None`: a new one."""
        if self._base is None or self._number == 1:
            return self._base
        return f"{self._base}-{self._number}"

    def used(self) -> None:
        """Note that a create is about to be sent."""
        self._number += 1

    def unused(self) -> None:
        """Note that it certainly made no job."""
        self._number -= 1


def without_key(extra_headers: Mapping[str, str] | None) -> dict[str, str] | None:
    """Return headers without an `Idempotency-Key` of the caller's."""
    if extra_headers is None:
        return None
    return {name: value for name, value in extra_headers.items() if name.lower() != KEY_HEADER.lower()}
