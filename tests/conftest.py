from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator

import hypothesis
import pytest
from reply_checker import Deviations, ReplyChecker, checked_payload

import trio_client.stub.delivery.webhook_sender
import trio_client.stub.server.app
from trio_client.stub import StubServer

# How long an example takes says how busy the machine is. Each run has the same examples, so that a change is what makes
# one fail; `pytest -m hypothesis --hypothesis-profile=explore` tries others.
_SLOW_MACHINE = hypothesis.settings(deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.register_profile("same", _SLOW_MACHINE, derandomize=True)
hypothesis.settings.register_profile("explore", _SLOW_MACHINE, max_examples=2000)
hypothesis.settings.load_profile("same")

_VARIABLES = (
    "TRIO_API_KEY",
    "TRIO_BASE_URL",
    "TRIO_CONFIG",
    "TRIO_LOG",
    "TRIO_WEBHOOK_SECRET",
    "OSAPI_TOKEN",
    "OSAPI_URL",
)
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(scope="session", autouse=True)
def _own_environment() -> Iterator[None]:
    """The variables of the machine that runs the tests have no say in them, nor have signals that it ignores.

    A child of `nohup` ignores SIGHUP, and a shell's background job SIGINT; so would the programs that tests start.
    """
    for name, handler in (("SIGHUP", signal.SIG_DFL), ("SIGINT", signal.default_int_handler)):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)
    with pytest.MonkeyPatch.context() as patch:
        for name in (*_VARIABLES, *_PROXIES, *(name.upper() for name in _PROXIES)):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session", autouse=True)
def _deviations() -> Iterator[Deviations]:
    """What any stub server said that its OpenAPI file does not allow."""
    deviations = Deviations()
    with pytest.MonkeyPatch.context() as patch:
        gate = trio_client.stub.server.app.Gate
        checked = lambda app, state: gate(ReplyChecker(app, state, deviations.report), state)  # noqa: E731
        patch.setattr(trio_client.stub.server.app, "Gate", checked)
        payload = checked_payload(trio_client.stub.delivery.webhook_sender.webhook_payload, deviations.report)
        patch.setattr(trio_client.stub.delivery.webhook_sender, "webhook_payload", payload)
        yield deviations


@pytest.fixture(autouse=True)
def _replies_keep_to_the_schema(_deviations: Deviations) -> Iterator[None]:
    """A reply that deviates fails the test that asked for it."""
    _deviations.take()
    yield
    assert _deviations.take() == []


_THOROUGH = ("tests/_async/test_guarantees.py", "tests/_sync/test_guarantees.py", "tests/lifecycle/")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes minutes is left to `make test-all`."""
    for item in items:
        if item.nodeid.startswith("tests/_sync/test_watch_many"):  # no event loop can send through a sync client
            item.add_marker(pytest.mark.own_connections)
        if item.nodeid.startswith(_THOROUGH):
            item.add_marker(pytest.mark.thorough)
            # Whole servers are torn down here at any moment, and CPython drops the socket of a TLS handshake that is
            # reset: what such a socket says when it is collected is no failure of whichever test runs then. That the
            # client leaves none is held by the tests of programs, which run with every warning an error.
            for what in (r"<ssl\.SSLSocket", r"<socket\.socket", r"<function _SelectorTransport"):
                ignored = f"ignore:Exception ignored in.*{what}:pytest.PytestUnraisableExceptionWarning"
                item.add_marker(pytest.mark.filterwarnings(ignored))


@pytest.fixture
def stub() -> Iterator[StubServer]:
    """A server whose time stands still until a test, or a client's pause, moves it."""
    with StubServer(speed=0) as server:
        yield server


@pytest.fixture
def eventually() -> Callable[[Callable[[], object]], None]:
    """Waits until a condition holds; for what happens in the stub's thread."""

    def wait(condition: Callable[[], object]) -> None:
        until = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < until, "it did not come true"
            time.sleep(0.005)

    return wait


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Every async test runs under both."""
    return str(request.param)
