from collections.abc import Iterator

import pytest

from trio_client.stub import StubServer


def add_osapi_jobs(stub: StubServer) -> None:
    """Two jobs that one agent did, and one that two agents did with different success."""
    for number, host in enumerate(("web-01", "web-02")):
        stub.osapi.add(
            id=f"0000000{number}-0000-4000-8000-000000000000",
            created=f"2026-08-16T12:30:0{number}-07:00",
            hostname=host,
            result={"hostname": host},
            updated_at=f"2026-08-16T12:30:0{number}.123456789-07:00",
        )
    stub.osapi.add(
        status="partial_failure",
        created="2026-08-16T12:32:43-07:00",
        operation={"type": "network.dns.update", "data": {"servers": ["192.0.2.53"]}},
        changed=True,
        hostname="db-01.lab",
        updated_at="2026-08-16T12:32:45.5-07:00",
        responses={
            "web-01": {"status": "completed", "data": {"success": True}, "changed": True, "hostname": "web-01"},
            "db-01_lab": {"status": "failed", "changed": None, "error": "permission denied", "hostname": "db-01.lab"},
        },
        agent_states={
            "web-01": {"status": "completed", "duration": "1m2.045s"},
            "db-01.lab": {"status": "failed", "error": "permission denied", "duration": "850\u00b5s"},
        },
        timeline=[
            {"timestamp": "2026-08-16T12:32:43-07:00", "event": "started", "hostname": "web-01", "message": "Started"},
            {
                "timestamp": "2026-08-16T12:32:45-07:00",
                "event": "failed",
                "hostname": "db-01.lab",
                "message": "Job failed",
                "error": "permission denied",
            },
        ],
    )


@pytest.fixture
def stub_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[StubServer]:
    """A stub server that a client without arguments finds."""
    with StubServer(speed=600) as stub:
        monkeypatch.setenv("TRIO_API_KEY", "key-of-the-examples")
        monkeypatch.setenv("TRIO_BASE_URL", stub.base_url)
        monkeypatch.setenv("OSAPI_TOKEN", "token-of-the-examples")
        monkeypatch.setenv("OSAPI_URL", stub.osapi_url)
        add_osapi_jobs(stub)
        yield stub
