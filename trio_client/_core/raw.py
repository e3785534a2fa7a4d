"""Requests to endpoints that have no method of their own."""

from __future__ import annotations

import functools
import re
from collections.abc import Hashable, Mapping
from typing import Any, cast
from urllib.parse import unquote, urlencode

from pydantic import RootModel
from pydantic_core import PydanticSerializationError, from_json, to_json

from .._redaction import preview
from ..errors import RequestValidationError
from .call import Call
from .outcome import Effect

__all__ = ["raw_call"]

_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})


def raw_call(
    method: str,
    path: str,
    *,
    params: Mapping[str, Any] | None,
    json: Any,
    response_type: type[Any],
    idempotent: bool | None,
) -> Call[RootModel[Any]]:
    """Describe a request to any endpoint below the base URL."""
    method = method.upper()
    if not re.fullmatch(r"[A-Z]{3,20}", method):
        raise RequestValidationError(f"method is {preview(repr(method))}; it must be an HTTP method.", field="method")
    _check_path(path)
    try:
        from_json(to_json(json), allow_inf_nan=False)  # NaN is written, and is no JSON
    except (PydanticSerializationError, ValueError) as error:
        raise RequestValidationError(f"json cannot be sent as JSON: {preview(str(error))}.", field="json") from None
    repeatable = method in _IDEMPOTENT if idempotent is None else idempotent
    query = {name: _query_value(value) for name, value in (params or {}).items() if value is not None}
    return Call(
        method,
        path,
        _root_model(cast("Hashable", response_type)),
        Effect.SAFE if repeatable else Effect.ONCE,
        query=urlencode(query, doseq=True),
        body=json,
        fresh_connection=not repeatable,
    )


def _check_path(path: str) -> None:
    segments = unquote(path).split("/")
    if (
        not path.startswith("/")
        or ".." in segments
        or not re.fullmatch(r"[\x21-\x7e]+", path)
        or {"?", "#", "\\"} & {*path}
    ):
        raise RequestValidationError(
            f"path is {preview(repr(path))}; it must begin with '/', be percent-encoded ASCII and have neither '..' "
            "nor a query (use params=).",
            field="path",
            value=path,
        )


def _query_value(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


@functools.lru_cache(maxsize=64)
def _root_model(response_type: Hashable) -> type[RootModel[Any]]:
    wanted: Any = dict[str, Any] if response_type is dict else response_type
    return RootModel[wanted]
