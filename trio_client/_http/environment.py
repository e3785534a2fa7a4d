"""What the machine says about connections: certificates, proxies, socket options."""

from __future__ import annotations

import functools
import os
import socket
import ssl
import urllib.request
from base64 import b64encode
from collections.abc import Callable
from importlib.util import find_spec
from urllib.parse import quote, urlsplit

import httpx

from .._core.config import is_loopback
from .._core.secret import Secret
from .._redaction import mask
from ..errors import ConfigurationError

__all__ = ["SOCKET_OPTIONS", "proxy_for", "proxy_secrets", "ssl_context_for"]


def _keep_alive() -> list[tuple[int, int, int]]:
    """Ask the system to notice dead peers: a stream may be silent for minutes."""
    options = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
    for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPALIVE", 30), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4)):
        option = getattr(socket, name, None)
        if option is not None:
            options.append((socket.IPPROTO_TCP, option, value))
    return options


SOCKET_OPTIONS = _keep_alive()


def ssl_context_for(url: str, *, trust_env: bool) -> Callable[[], ssl.SSLContext]:
    """Return what gives the process's one context for https; for http, one that is never used and cheap to make.

    It takes its time, so it is made for the first connection; but certificates that the environment names are read
    at once, so that a wrong name is reported at once.
    """
    if urlsplit(url).scheme.lower() != "https":
        return _unused_context
    names = ("SSL_CERT_FILE", "SSL_CERT_DIR") if trust_env else ()
    certificates = tuple(os.environ.get(name) for name in names)
    if any(certificates):
        _context(certificates)
    return functools.partial(_context, certificates)


@functools.lru_cache(maxsize=4)
def _context(certificates: tuple[str | None, ...]) -> ssl.SSLContext:
    try:
        return httpx.create_ssl_context(trust_env=any(certificates))
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            f"The certificates that SSL_CERT_FILE or SSL_CERT_DIR name cannot be loaded: {error}.",
            advice="Correct or unset the variable.",
        ) from error.with_traceback(None)


@functools.lru_cache(maxsize=1)
def _unused_context() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def proxy_for(url: str, *, trust_env: bool) -> httpx.Proxy | None:
    """Return the proxy that the environment (HTTPS_PROXY, ALL_PROXY, NO_PROXY …) names for a URL.

    None for this machine: a proxy would not reach it, and would see the key in clear.
    """
    host = urlsplit(url).hostname or ""
    proxy = _named_proxy(url) if trust_env and not is_loopback(host) else None
    if isinstance(proxy, str):
        raise ConfigurationError(
            proxy, advice="Correct or unset the variable, or pass trust_env=False.", field="trust_env"
        )
    return proxy


def proxy_secrets(proxy: httpx.Proxy | None) -> list[Secret]:
    """Return what of a proxy must appear in no text, though it may repeat it; masked as long as these live."""
    if proxy is None or proxy.auth is None:
        return []
    user, password = proxy.auth
    secret, pair = password or user, f"{user}:{password}"  # a user without a password is a token
    return [Secret(text) for text in (secret, quote(secret, safe=""), pair, b64encode(pair.encode()).decode())]


def _named_proxy(url: str) -> httpx.Proxy | str | None:
    """Return the proxy for a URL, or what is wrong with it; the frame of an error must not hold its password."""
    parts = urlsplit(url)
    named = urllib.request.getproxies()
    address = named.get(parts.scheme.lower()) or named.get("all")
    host = parts.hostname or ""
    if not address or urllib.request.proxy_bypass(f"{host}:{parts.port}" if parts.port else host):
        return None
    address = address if "://" in address else f"http://{address}"  # only a URL's password is masked
    shown = mask(address, is_url=True)
    try:
        proxy = httpx.Proxy(address)
    except (httpx.InvalidURL, ValueError):  # its text may quote a part of the password
        return f"The environment names the proxy {shown!r}, which is not a valid address."
    if proxy.url.scheme.startswith("socks") and find_spec("socksio") is None:
        return f"The environment names the proxy {shown!r}, which needs the package socksio (pip install httpx[socks])."
    return proxy
