from collections.abc import Iterator

import pytest

from trio_client.stub import StubServer


@pytest.fixture
def stub_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[StubServer]:
    """A stub server that a client without arguments finds."""
    with StubServer(speed=600) as stub:
        monkeypatch.setenv("TRIO_API_KEY", "key-of-the-examples")
        monkeypatch.setenv("TRIO_BASE_URL", stub.base_url)
        yield stub
