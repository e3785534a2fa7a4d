"""Logging: one logger, silent unless the program configures it."""

from __future__ import annotations

import logging
import os

from ..errors import ConfigurationError

__all__ = ["configure_logging", "logger"]

logger = logging.getLogger("trio_client")

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
