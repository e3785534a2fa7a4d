"""Hold a reply against the documented schema to the letter."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pydantic import BaseModel, ValidationError

from .config import TRIO, Service
from .reply import Reply, unusable

__all__ = ["check_strictly"]


def check_strictly(
    model: type[BaseModel], reply: Reply, *, secrets: Callable[[], Sequence[str]], service: Service = TRIO
) -> None:
    """Raise ResponseValidationError if the reply deviates from the documented schema of the model."""
    from ..models import _osapi_strict, _strict  # large, and only for those who ask

    name = model.__name__
    documented: type[BaseModel] | None = getattr(_strict, name, None) or getattr(_osapi_strict, name, None)
    if documented is None:
        return
    try:
        documented.model_validate_json(reply.content)
    except ValidationError as error:
        problem = error.with_traceback(None)  # its frames hold the body
    else:
        return
    raise unusable(f"{name} by the documented schema", reply, problem, secrets=secrets(), service=service)
