"""What the tools of one server may cost in all."""

from __future__ import annotations

import math
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from mcp.server.mcpserver.exceptions import ToolError

from ..._core.retry.failure import FailureKind, classify
from ...errors import TrioError

__all__ = ["Budget", "Reservation", "cost_of_failure"]

_ROUNDING: Final = 1e-9


class Reservation:
    """The money set aside for one call, until it is known what the call cost.

    Attributes:
        cents: what is set aside.
        cost_usd: what the call cost; `None`: all that was set aside.
    """

    def __init__(self, cents: int) -> None:
        self.cents = cents
        self.cost_usd: float | None = None


class Budget:
    """The limit of what calls cost: what each may cost at most is reserved before it.

    Args:
        max_cost_usd: the limit, in US dollars.
    """

    def __init__(self, max_cost_usd: float) -> None:
        self._limit = max_cost_usd
        self._spent = 0.0
        self._reserved_cents = 0

    @property
    def left_usd(self) -> float:
        """What is neither spent nor reserved."""
        return max(0.0, round(self._limit - self._spent - self._reserved_cents / 100, 6))

    @contextmanager
    def reserve(self, usd: float, what: str) -> Generator[Reservation]:
        """Set aside, in whole cents, what a call costs at most; afterwards count what it cost.

        Args:
            usd: the most it may cost.
            what: the call, as the subject of a sentence.

        Raises:
            ToolError: less than that is left.
        """
        reservation = Reservation(math.ceil(usd * 100 - _ROUNDING))
        if reservation.cents / 100 > self.left_usd + _ROUNDING:
            raise ToolError(
                f"{what} may cost ${reservation.cents / 100:.2f}, and ${self.left_usd:.2f} of the budget of "
                f"${self._limit:.2f} is left. Nothing was started. Ask for less, or ask the user to start the server "
                "again with a higher --max-cost."
            )
        self._reserved_cents += reservation.cents
        try:
            yield reservation
        except BaseException as error:
            reservation.cost_usd = cost_of_failure(error, reservation.cost_usd)
            raise
        finally:
            self._reserved_cents -= reservation.cents
            self._spent += reservation.cents / 100 if reservation.cost_usd is None else reservation.cost_usd


def cost_of_failure(error: BaseException, known_usd: float | None = None) -> float | None:
    """Return what a failed call cost: nothing if certainly nothing was done, else `None`, which is all of it."""
    if isinstance(error, TrioError) and not error.acted_before and classify(error) is not FailureKind.AMBIGUOUS:
        return known_usd or 0.0
    return known_usd
