"""A FastAPI route takes and returns events, and its OpenAPI file describes them."""

from __future__ import annotations

import pytest

from trio_client import Event, Frame, JobStats, Stopped, Triggered
from trio_client.events import from_dict

pytestmark = pytest.mark.apps

fastapi = pytest.importorskip("fastapi")
EVENTS = [Triggered(explanation="A van.", frame=Frame(b"\xff\xd8\xff")), Stopped(stats=JobStats(checks_performed=3))]


def app() -> fastapi.FastAPI:
    application = fastapi.FastAPI()

    @application.get("/latest")
    def latest() -> Event:
        return EVENTS[0]

    @application.get("/all")
    async def every() -> list[Event]:
        return EVENTS

    @application.get("/trigger")
    def trigger() -> Triggered | None:
        return None

    @application.post("/kept")
    def keep(event: Event) -> Event:
        return event

    return application


def test_routes_return_and_take_events() -> None:
    from fastapi.testclient import TestClient

    with TestClient(app()) as client:
        assert client.get("/latest").json() == EVENTS[0].to_dict()
        assert client.get("/all").json() == [each.to_dict() for each in EVENTS]
        assert client.get("/trigger").json() is None
        kept = client.post("/kept", json=EVENTS[1].to_dict())
        assert from_dict(kept.json()).to_dict() == EVENTS[1].to_dict()
        assert client.post("/kept", json={"kind": "gone"}).status_code == 422


def test_the_openapi_file_describes_events_discriminated_by_kind() -> None:
    paths = app().openapi()["paths"]
    schema = paths["/latest"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert schema["discriminator"]["propertyName"] == "kind"
    assert len(schema["oneOf"]) == 9
    items = paths["/all"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]["items"]
    assert items["oneOf"] == schema["oneOf"]
