"""The HTTP response behind a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ._later import Later

if TYPE_CHECKING:
    import pydantic

    from .models import _base
else:
    pydantic, _base = Later("pydantic"), Later(f"{__package__}.models._base")

__all__ = ["ResponseInfo", "remember", "response_info"]


@dataclass(frozen=True, slots=True)
class ResponseInfo:
    """The HTTP response behind a model.

    Attributes:
        status_code: the HTTP status.
        headers: the reply's headers, names in lower case.
        request_id: the server's id of the request, where it sent one.
        attempts: how many requests it took, the successful one included.
        elapsed: seconds from the start of the call to the parsed reply, waits included.
        recovered: whether the job was found in the job list after its create had failed ambiguously.
        reference: of a new job, the `Idempotency-Key` that its create carried.
    """

    status_code: int
    headers: Mapping[str, str] = field(repr=False)
    request_id: str | None
    attempts: int
    elapsed: float
    recovered: bool = False
    reference: str | None = None


def response_info(model: _base.Model) -> ResponseInfo:
    """Return the HTTP response behind `model`.

    Args:
        model: an object a client's method returned, such as a `Job` or a `JobPage`. The jobs inside
            a page have none of their own: ask the page.

    Returns:
        Status, headers, request id, number of attempts, time taken.

    Raises:
        LookupError: the model did not come from a reply (it was built by hand, copied or unpickled).

    Example:
        >>> from trio_client import TrioClient, response_info
        >>> with TrioClient() as client:
        ...     page = client.jobs.list()
        >>> response_info(page).status_code
        200
    """
    try:
        found: ResponseInfo = object.__getattribute__(model, "__reply_info__")
    except AttributeError:
        raise LookupError(
            f"This {type(model).__name__} did not come straight from a reply; "
            "only what a client's method returned has a response_info."
        ) from None
    return found


def remember(model: pydantic.BaseModel, info: ResponseInfo) -> None:
    """Store the response that a model came from."""
    object.__setattr__(model, "__reply_info__", info)
