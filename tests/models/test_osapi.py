"""OSAPI's jobs: the fields as sent, and what is beside them."""

from __future__ import annotations

import json
import pickle
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from asked import asking_for, client_settings

import trio_client
from trio_client import osapi
from trio_client._core.call import Nothing
from trio_client._core.osapi import OSAPI
from trio_client._core.reply import Reply, parse
from trio_client.errors import ResponseValidationError, ResponseWarning
from trio_client.osapi import OsapiAgent, OsapiAgentState, OsapiJob, OsapiJobPage, OsapiRetriedJob, OsapiTimelineEvent

BROADCAST: dict[str, Any] = {
    "id": "550e8400-e29b-41d4-a716-446655440000",
    "status": "partial_failure",
    "created": "2026-08-16T12:32:43-07:00",
    "operation": {"type": "network.dns.update", "data": {"servers": ["192.0.2.53"]}},
    "result": {"ok": [1, None]},
    "changed": True,
    "error": "one agent failed",
    "hostname": "db-01.lab",
    "updated_at": "2026-08-16T12:40:00.123456789-07:00",
    "responses": {
        "web-01": {"status": "completed", "data": {"success": True}, "changed": True, "hostname": "web-01"},
        "db-01_lab": {"status": "failed", "changed": None, "error": "denied", "hostname": "db-01.lab"},
    },
    "agent_states": {
        "db-01.lab": {"status": "failed", "error": "denied", "duration": "850\u00b5s"},
        "web-01": {"status": "completed", "duration": "1m2.045s"},
        "late-01": {"status": "started"},
    },
    "timeline": [
        {"timestamp": "2026-08-16T19:32:44Z", "event": "started", "hostname": "web-01", "message": "Started"},
        {"timestamp": "2026-08-16T19:32:44Z", "event": "started", "hostname": "db-01.lab", "message": ""},
        {"timestamp": "2026-08-16T19:32:43Z", "event": "failed", "hostname": "db-01.lab", "error": "denied"},
    ],
    "brand_new": {"deep": [1]},
}


def read(model: Any, body: Any) -> Any:
    return parse(Reply(200, {}, json.dumps(body).encode()), asking_for(model), client_settings(OSAPI))


class TestRoundTrip:
    def test_a_job_dumps_as_it_was_sent(self) -> None:
        job = OsapiJob.model_validate(BROADCAST)
        assert BROADCAST == job.model_dump(exclude_unset=True)
        assert BROADCAST == json.loads(job.model_dump_json(exclude_unset=True))
        assert (
            BROADCAST == OsapiJobPage.model_validate({"items": [BROADCAST]}).model_dump(exclude_unset=True)["items"][0]
        )
        assert job == pickle.loads(pickle.dumps(job))

    def test_a_job_with_every_field_missing_is_a_job(self) -> None:
        job = read(OsapiJob, {})
        assert {} == job.model_dump(exclude_unset=True)
        assert {None} == {getattr(job, name) for name in type(job).model_fields}
        assert (None, None, None, False, []) == (
            job.operation_type,
            job.created_time,
            job.updated_time,
            job.is_terminal,
            job.agents(),
        )

    def test_a_field_that_cannot_be_read_is_left_out_and_the_rest_is_kept(self, caplog: Any) -> None:
        body = {
            "id": "a",
            "status": "failed",
            "hostname": [7],
            "agent_states": {"x": {"duration": 45, "status": "failed"}},
        }
        job = read(OsapiJob, body)
        assert ("a", None) == (job.id, job.hostname)
        assert ("failed", None) == (job.agent_states["x"].status, job.agent_states["x"].duration)
        assert "hostname" in caplog.text


class TestTimes:
    def test_times_of_up_to_nine_digits_and_any_offset_are_values_beside_their_texts(self) -> None:
        job = OsapiJob.model_validate(BROADCAST)
        assert datetime(2026, 8, 16, 19, 32, 43, tzinfo=timezone.utc) == job.created_time
        assert datetime(2026, 8, 16, 19, 40, 0, 123456, tzinfo=timezone.utc) == job.updated_time
        assert "2026-08-16T12:40:00.123456789-07:00" == job.updated_at

    @pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01T00:00:00Z", None])
    def test_a_text_that_is_no_time_stays_beside_none(self, text: str | None) -> None:
        job = OsapiJob(created=text, updated_at=text)
        event, again = OsapiTimelineEvent(timestamp=text), OsapiRetriedJob(job_id="a", timestamp=text)
        assert [None] * 4 == [job.created_time, job.updated_time, event.time, again.time]
        assert [text] * 4 == [job.created, job.updated_at, event.timestamp, again.timestamp]

    def test_the_timeline_is_in_the_order_received_even_against_its_times(self) -> None:
        job = OsapiJob.model_validate(BROADCAST)
        assert job.timeline is not None
        assert ["started", "started", "failed"] == [event.event for event in job.timeline]
        assert job.timeline[2].time == datetime(2026, 8, 16, 19, 32, 43, tzinfo=timezone.utc)

    @pytest.mark.parametrize(
        ("text", "value"),
        [("1m2.045s", timedelta(seconds=62.045)), ("-1s", timedelta(seconds=-1)), ("5 parsecs", None), ("", None)],
    )
    def test_a_duration_is_a_value_and_its_text_is_kept(self, text: str, value: timedelta | None) -> None:
        state = OsapiAgentState.model_validate({"duration": text})
        assert (value, text) == (state.duration, state.duration_text)
        assert {"duration": text} == state.model_dump(exclude_unset=True)
        assert state == OsapiAgentState(duration_text=text)

    def test_a_duration_that_was_not_sent_has_no_text(self) -> None:
        state = OsapiAgentState.model_validate({"status": "started"})
        assert (None, None) == (state.duration, state.duration_text)


class TestAgents:
    def test_an_answer_and_a_state_are_joined_by_the_host_name_inside_the_answer(self) -> None:
        web, database, late = OsapiJob.model_validate(BROADCAST).agents()
        assert ("web-01", "completed", {"success": True}, True, None) == (
            web.hostname,
            web.status,
            web.data,
            web.changed,
            web.error,
        )
        assert timedelta(seconds=62.045) == web.duration
        assert ("db-01.lab", "failed", "denied", None) == (
            database.hostname,
            database.status,
            database.error,
            database.changed,
        )
        assert timedelta(microseconds=850) == database.duration
        assert ("late-01", "started", None, None) == (late.hostname, late.status, late.data, late.duration)

    def test_one_agent_is_one_view(self) -> None:
        agents = OsapiJob.model_validate(BROADCAST).agents()
        assert ["web-01", "db-01.lab", "late-01"] == [agent.hostname for agent in agents]

    @pytest.mark.parametrize("hostname", [None, ""])
    def test_without_a_host_name_the_only_state_that_is_spelt_alike_fits(self, hostname: str | None) -> None:
        job = OsapiJob.model_validate(
            {
                "responses": {"db-01_lab": {"hostname": hostname, "data": 1}},
                "agent_states": {"db-01.lab": {"status": "completed"}},
            }
        )
        assert [("db-01.lab", 1, "completed")] == [(a.hostname, a.data, a.status) for a in job.agents()]

    def test_of_two_states_that_are_spelt_alike_none_is_taken(self) -> None:
        states: dict[str, Any] = {"db.01": {"status": "failed"}, "db:01": {"status": "completed"}}
        job = OsapiJob.model_validate({"responses": {"db_01": {"data": 1}}, "agent_states": states})
        assert [("db_01", 1, None), ("db.01", None, "failed"), ("db:01", None, "completed")] == [
            (agent.hostname, agent.data, agent.status) for agent in job.agents()
        ]

    def test_an_answer_without_a_state_stands_alone(self) -> None:
        job = OsapiJob.model_validate({"responses": {"a": {"hostname": "b", "status": "skipped"}}})
        (agent,) = job.agents()
        assert ("b", "skipped", None) == (agent.hostname, agent.status, agent.state)

    def test_a_view_of_nothing_says_nothing(self) -> None:
        agent = OsapiAgent("a")
        assert [None] * 5 == [agent.status, agent.error, agent.data, agent.changed, agent.duration]


@pytest.mark.parametrize(
    ("status", "ended"),
    [
        ("submitted", False),
        ("processing", False),
        ("completed", True),
        ("failed", True),
        ("partial_failure", True),
        ("skipped", True),
        ("created", False),
        ("brand_new", False),
        (None, False),
    ],
)
def test_four_statuses_are_ends_and_an_unknown_one_is_not(status: str | None, ended: bool) -> None:
    assert ended == OsapiJob(status=status).is_terminal


@pytest.mark.parametrize("operation", [None, {}, {"type": 7}, {"type": None}])
def test_an_operation_without_a_readable_type_has_none(operation: dict[str, Any] | None) -> None:
    assert OsapiJob(operation=operation).operation_type is None


class TestPage:
    def test_it_is_a_sequence_of_its_jobs(self) -> None:
        page = read(OsapiJobPage, {"total_items": 12, "status_counts": {"completed": 2}, "items": [{"id": "a"}, {}]})
        assert (2, "a", ["a", None], True) == (len(page), page[0].id, [job.id for job in page], bool(page))
        assert (12, {"completed": 2}) == (page.total_items, page.status_counts)

    @pytest.mark.parametrize("body", [{}, {"total_items": None, "status_counts": None, "items": None}])
    def test_null_and_nothing_are_an_empty_page_with_no_counts(self, body: dict[str, Any]) -> None:
        page = read(OsapiJobPage, body)
        assert (0, {}, [], True, None) == (len(page), page.status_counts, page.items, bool(page), page.total_items)

    def test_an_item_that_is_no_job_is_left_out_with_a_warning(self) -> None:
        body = {"total_items": 3, "items": [{"id": "a"}, "no job", {"id": "b", "timeline": "none"}]}
        with pytest.warns(ResponseWarning, match=r"1 of 3 jobs .* items\[1\]"):
            page = read(OsapiJobPage, body)
        assert (["a", "b"], 3) == ([job.id for job in page], page.total_items)

    @pytest.mark.parametrize("body", [[], "text", 7, None, {"items": "none"}, {"items": {"id": "a"}}])
    def test_what_is_no_page_is_an_error(self, body: Any) -> None:
        with pytest.raises(ResponseValidationError, match="OsapiJobPage"):
            read(OsapiJobPage, body)


class TestNothing:
    @pytest.mark.parametrize("content", [b"", b"{}", b"deleted", b'"ok"'])
    def test_an_empty_reply_is_not_parsed(self, content: bytes) -> None:
        assert isinstance(parse(Reply(204, {}, content), asking_for(Nothing), client_settings(OSAPI)), Nothing)

    def test_a_page_of_html_confirms_nothing(self) -> None:
        with pytest.raises(ResponseValidationError, match="api_prefix"):
            parse(Reply(200, {"content-type": "text/html"}, b"<html>"), asking_for(Nothing), client_settings(OSAPI))


def test_the_module_can_be_reached_and_names_what_is_public() -> None:
    assert osapi is trio_client.osapi
    assert sorted(osapi.__all__) == dir(osapi)
    assert [name for name in osapi.__all__ if not hasattr(osapi, name)] == []
    with pytest.raises(AttributeError, match="no attribute 'Nope'"):
        osapi.Nope  # noqa: B018


def test_the_error_of_an_earlier_delivery_is_none_of_an_agent_that_completed() -> None:
    states = {"web-01": {"status": "completed", "error": "timed out"}, "web-02": {"status": "failed", "error": "no"}}
    agents = OsapiJob.model_validate({"agent_states": states}).agents()
    assert [(agent.hostname, agent.error) for agent in agents] == [("web-01", None), ("web-02", "no")]
