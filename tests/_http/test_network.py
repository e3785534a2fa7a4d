"""A request goes out in one piece, and is reported before its first byte does."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import anyio
import httpcore
import pytest

from trio_client._http.concurrency.async_ import network as async_network
from trio_client._http.concurrency.sync import network as sync_network

HEAD, BODY = b"POST /api/check-once HTTP/1.1\r\nhost: a\r\n\r\n", b'{"condition": "x"}'


class Wire(httpcore.NetworkStream, httpcore.AsyncNetworkStream):  # type: ignore[misc]
    """Notes what is written; async and sync stand behind the same names."""

    def __init__(self) -> None:
        self.steps: list[Any] = []

    def get_extra_info(self, info: str) -> Any:
        return None


class SyncWire(Wire):
    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # type: ignore[override]
        self.steps.append("read")
        return b""

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # type: ignore[override]
        self.steps.append(buffer)

    def close(self) -> None:
        self.steps.append("close")


class AsyncWire(Wire):
    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # type: ignore[override]
        self.steps.append("read")
        return b""

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # type: ignore[override]
        self.steps.append(buffer)

    async def aclose(self) -> None:
        self.steps.append("close")


def send(kind: str, *pieces: bytes | None, patch: pytest.MonkeyPatch, refuse: bool = False) -> list[Any]:
    """Return what reaches the wire of these writes, `None` for a read, and when a request was reported."""
    wire: Any = SyncWire() if kind == "sync" else AsyncWire()

    def report() -> None:
        wire.steps.append("about to send")
        if refuse:
            raise InterruptedError

    async def report_async() -> None:
        report()

    async def send_async() -> None:
        stream = async_network._Stream(wire)
        for piece in pieces:
            _ = await stream.read(1) if piece is None else await stream.write(piece)

    patch.setattr(sync_network, "about_to_send", report)
    patch.setattr(async_network, "about_to_send", report_async)
    with suppress(InterruptedError):
        if kind == "async":
            anyio.run(send_async)
        else:
            stream = sync_network.GuardedStream(wire, layers=2)  # no socket of its own
            for piece in pieces:
                _ = stream.read(1) if piece is None else stream.write(piece)
    return list(wire.steps)


KINDS = pytest.mark.parametrize("kind", ["sync", "async"])


@KINDS
def test_head_and_body_go_out_together(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = send(kind, HEAD, BODY, b"", None, HEAD, b"", None, patch=monkeypatch)
    assert found == ["about to send", HEAD + BODY, "read", "about to send", HEAD, "read"]


@KINDS
def test_a_large_body_is_not_copied(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    large = b"x" * (2**16 + 1)
    found = send(kind, HEAD, large, b"", patch=monkeypatch)
    assert found == ["about to send", HEAD, large]
    assert found[2] is large


@KINDS
def test_a_head_goes_out_before_its_reply_is_read(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert send(kind, HEAD, None, patch=monkeypatch) == ["about to send", HEAD, "read"]


@KINDS
def test_what_is_no_head_goes_out_at_once(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert send(kind, b"\x05\x01\x00", BODY, patch=monkeypatch) == ["about to send", b"\x05\x01\x00", BODY]


@KINDS
def test_nothing_goes_out_that_may_not_be_sent(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert send(kind, HEAD, BODY, b"", patch=monkeypatch, refuse=True) == ["about to send"]
