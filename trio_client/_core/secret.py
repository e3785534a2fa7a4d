"""The key of a client: kept out of texts, and checked before it is sent."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from inspect import iscoroutine

from .._redaction import kind_of, know
from ..errors import ConfigurationError
from .validation import is_async

__all__ = ["Secret", "SecretFunction", "clean_api_key", "clean_key"]

_WHERE_TO_GET = "Keys are made at https://console.machinefi.com; trio_client.stub.StubServer accepts any."
_KEYS_MASKED = 3  # of those that a function has returned
_TOKEN = re.compile(r"[\x21-\x7e]+")


class Secret:
    """Hold a secret out of `repr`, `str`, `vars` and pickles."""

    __slots__ = ("__weakref__", "_value")

    def __init__(self, value: str) -> None:
        self._value = value
        know(self)

    def reveal(self) -> str:
        """Return the secret; only the code that writes it to the wire or masks it in texts calls this."""
        return self._value

    def refresh(self) -> None:
        """Do nothing: this one stays as it is."""

    def renew(self) -> bool:
        """Ask for another key, since this one was refused; return whether there is one."""
        return False

    def __repr__(self) -> str:
        return "Secret(***)"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("A client and its key are not pickled; build a new client from a ClientConfig instead.")


class SecretFunction(Secret):
    """A key that a function of the caller returns, asked before each request."""

    __slots__ = ("_argument", "_function", "_used")

    def __init__(self, function: Callable[[], str], argument: str) -> None:
        super().__init__("")
        self._function = function
        self._argument = argument
        self._used: deque[Secret] = deque(maxlen=_KEYS_MASKED)

    def refresh(self) -> None:
        """Ask for the key that is used from now on.

        Raises:
            ConfigurationError: the function raised, or returned no text that can be a key.
        """
        source = f"The function {self._argument}"
        try:
            value: object = self._function()
        except Exception as error:  # noqa: BLE001 - it is the caller's, and may raise anything
            raise ConfigurationError(
                f"{source} raised {type(error).__name__}; nothing was sent.", field=self._argument
            ) from error.with_traceback(None)
        if iscoroutine(value):
            value.close()
        checked = _checked_key(value, f"{source} returned a value that", "API key")
        if checked != self._value:
            self._value = checked
            self._used.append(Secret(checked))  # a server may repeat it for a while

    def renew(self) -> bool:
        refused = self._value
        with suppress(ConfigurationError):
            self.refresh()
        return self._value != refused


def clean_key(key: str | None, variable: str, argument: str, called: str = "API key", where_to_get: str = "") -> Secret:
    """Return the key from the argument or the environment, stripped; refuse what cannot be a header.

    No message quotes the key.
    """
    source = f"{argument}="
    if key is None:
        key, source = os.environ.get(variable), variable
    if key is None:
        advice = f"Pass {argument}=, or set the environment variable {variable}. {where_to_get}".rstrip()
        raise ConfigurationError(f"No {called}.", advice=advice)
    return Secret(_checked_key(key, source, called))


def clean_api_key(key: str | Callable[[], str] | None) -> Secret:
    """Return the API key from the argument or the environment, or what asks the function that was passed for it."""
    if not callable(key):
        return clean_key(key, "TRIO_API_KEY", "api_key", where_to_get=_WHERE_TO_GET)
    if is_async(key):
        raise ConfigurationError(
            "api_key is an async function, which is never awaited.",
            advice="Pass a plain function that returns the key at once; a task of yours may keep it fresh.",
            field="api_key",
        )
    return SecretFunction(key, "api_key")


def _checked_key(key: object, source: str, called: str) -> str:
    if not isinstance(key, str):
        raise ConfigurationError(f"{source} is {kind_of(key)}; it must be a str.")
    key = key.strip()
    if not key:
        raise ConfigurationError(f"{source} is empty.", advice=f"Set it to your {called}.")
    if key.lower().startswith("bearer "):
        raise ConfigurationError(
            f"{source} begins with 'Bearer '.", advice="Pass the key alone; the client adds the word."
        )
    if key[0] in "'\"" or key[-1] in "'\"":
        raise ConfigurationError(f"{source} has quotation marks around it.", advice="Pass the key alone.")
    if not _TOKEN.fullmatch(key):
        bad = next(char for char in key if not _TOKEN.fullmatch(char))
        raise ConfigurationError(
            f"{source} contains the character U+{ord(bad):04X}, which no header may carry.",
            advice="Copy the key again.",
        )
    return key
