"""Logging: one logger, silent unless the program configures it."""

from __future__ import annotations

import logging
import os
from typing import Any

from .._job_context import logger
from .._redaction import legible
from ..errors import ConfigurationError

__all__ = ["configure_logging", "logger"]


class _Legible(logging.Filter):
    """Make the texts of a record printable, and cut them: a server may have written them."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(map(_legible, record.args))
        return True


def _legible(value: Any) -> Any:
    return legible(value) if isinstance(value, str) else value


logger.addFilter(_Legible())

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO}


def configure_logging() -> None:
    """Let the environment variable `TRIO_LOG` (`debug` or `info`) turn the logger on."""
    wanted = os.environ.get("TRIO_LOG", "").strip().lower()
    if not wanted:
        return
    if wanted not in _LEVELS:
        raise ConfigurationError(f"TRIO_LOG is {wanted[:20]!r}; it must be 'debug' or 'info', or unset.")
    logger.setLevel(_LEVELS[wanted])
    if not logger.handlers and not logging.getLogger().handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s: %(message)s"))
        logger.addHandler(handler)
