"""Run work that must not be cut off once it has sent something; a thread can only be cut off by Ctrl-C."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import TypeVar

__all__ = ["about_to_send", "run_to_completion"]

_T = TypeVar("_T")


class _Run:
    """Whether work that runs to completion has sent anything yet."""

    __slots__ = ("_when_sent", "sent")

    def __init__(self, when_sent: Callable[[], object]) -> None:
        self._when_sent = when_sent
        self.sent = False

    def send(self) -> None:
        """Note that something goes out."""
        self.sent = True
        self._when_sent()


_current: ContextVar[_Run | None] = ContextVar("_current", default=None)


def about_to_send() -> None:
    """Report to `run_to_completion` that a request goes out now."""
    run = _current.get()
    if run is not None:
        run.send()


def run_to_completion(
    work: Callable[[], _T],
    *,
    grace: float,  # noqa: ARG001
    on_cancel: Callable[[_T | None, Exception | None], None],
    when_sent: Callable[[], object],
) -> _T:
    """Run work that must not be cut off halfway, and return its result.

    If Ctrl-C cuts it off after something was sent, `on_cancel` is called before the interrupt is raised.
    `when_sent` is called when something goes out, and again at the end.
    """
    run = _Run(when_sent)
    token = _current.set(run)
    try:
        return work()
    except Exception:
        raise
    except BaseException:
        if run.sent:
            on_cancel(None, None)
        raise
    finally:
        _current.reset(token)
        when_sent()
