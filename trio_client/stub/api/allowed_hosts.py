"""Which requests the stub and its proxy answer: those of programs on this machine, and of its own pages.

A page that makes its own name resolve to 127.0.0.1 (DNS rebinding) still sends that name as Host; a page of another
site sends its address as Origin, or `null`. No I/O.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

from ..documented.errors import ApiError

__all__ = ["AllowedHosts"]

_NAME = re.compile(r"\[[0-9a-fA-F:.]+\]|[^\s:/?#@\[\]]+")
_HOST = re.compile(rf"({_NAME.pattern})(?::[0-9]*)?")
_ORIGIN = re.compile(rf"[a-zA-Z][a-zA-Z0-9+.-]*://({_NAME.pattern})(?::[0-9]*)?")


class AllowedHosts:
    """The loopback names, and others that are given, each on any port.

    Args:
        names: further host names, without scheme or port.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        given = [names] if isinstance(names, str) else list(names)
        for name in given:
            if _NAME.fullmatch(name) is None:
                raise ValueError(f"allow_hosts takes host names without scheme or port, not {name!r}")
        self.names: frozenset[str] = frozenset(name.lower() for name in given)

    def check(self, headers: Iterable[tuple[str, str]]) -> None:
        """Refuse a request with these headers (names in lower case) if its Host or Origin is foreign."""
        fetch: dict[str, str] = {}
        for name, value in headers:
            if name == "host" and not self._allows(_HOST.fullmatch(value.strip())):
                advice = "add it with allow_hosts= or --allow-host"
                raise ApiError("FORBIDDEN", f"The Host {value!r} is not a loopback name; {advice}.")
            if name == "origin" and not self._allows(_ORIGIN.fullmatch(value.strip())):
                raise ApiError("FORBIDDEN", "A page of another site must not use the stub server.")
            if name.startswith("sec-fetch-"):
                fetch[name] = value
        # Browsers send no Origin with links, pictures and scripts. A link that a person follows is harmless.
        followed = fetch.get("sec-fetch-mode") == "navigate" and fetch.get("sec-fetch-dest") == "document"
        if fetch.get("sec-fetch-site") == "cross-site" and not followed:
            raise ApiError("FORBIDDEN", "A page of another site must not use the stub server.")

    def _allows(self, found: re.Match[str] | None) -> bool:
        if found is None:
            return False
        name = found[1].lower()
        return name in self.names or name == "localhost" or _is_loopback_address(name.strip("[]"))


def _is_loopback_address(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
