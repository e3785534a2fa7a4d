"""An async client that needs nobody to close it on its event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager, suppress

from .. import AsyncTrioClient, CallInfo, Hooks
from .._http.async_runtime import current_home, shielded

__all__ = ["async_client"]

_CLOSING_SECONDS = 5.0


@contextmanager
def async_client() -> Generator[AsyncTrioClient]:
    """Give a client, made outside of any event loop, whose connections are closed by the loop that it is used on."""
    ends: list[_End] = []

    def note(_: CallInfo) -> None:
        home = current_home()
        if not ends or ends[-1].home != home:
            ends.append(_End(client, home))

    client = AsyncTrioClient(trust_env=False, hooks=Hooks(on_request=note))
    try:
        yield client
    finally:
        for end in ends:
            end.close_where_it_is_not_over()
        client._closed = True  # pyright: ignore[reportPrivateUsage]
        client._transport.state.closed = True  # pyright: ignore[reportPrivateUsage]


class _End:
    """Closes a client's connections when the event loop ends on which this is made.

    Every event loop closes the async generators that are left when it ends, whoever runs it: that is the one moment at
    which connections can still be closed, and a fixture outside of the loop comes too late for it.
    """

    def __init__(self, client: AsyncTrioClient, home: object) -> None:
        self.home = home
        self._client = client
        try:
            self._loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None
        self._waiting = self._wait()
        with suppress(StopIteration):  # it is at its `yield`, and the loop knows of it
            self._waiting.__anext__().send(None)

    def close_where_it_is_not_over(self) -> None:
        """Close the connections now, if the loop is one that outlives the test."""
        loop = self._loop
        if loop is None or loop.is_closed():
            return
        if loop.is_running():
            with suppress(RuntimeError):
                asyncio.run_coroutine_threadsafe(self._waiting.aclose(), loop)
        else:
            loop.run_until_complete(self._waiting.aclose())

    async def _wait(self) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            with shielded(_CLOSING_SECONDS):
                await self._client._transport.aclose()  # pyright: ignore[reportPrivateUsage]
