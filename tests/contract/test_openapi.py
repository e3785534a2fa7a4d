"""The OpenAPI files, their examples and the models made from them agree with the documentation."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel, ValidationError

from trio_client import models

ROOT = Path(__file__).resolve().parents[2]
APIS = {name: yaml.safe_load((ROOT / "openapi" / f"{name}.yaml").read_text("utf-8")) for name in ("trio", "osapi")}
STRICT = {"trio": "trio_client.models._strict", "osapi": "trio_client.models._osapi_strict"}
UUID = "3c90c3cc-0d44-4b50-8888-8dd25736052a"

# What the reference pages state, written down once more and independently of the OpenAPI files.
URL, CONDITION, WEBHOOK = (1, 500), (1, 1000), (1, 2083)
LENGTHS = {
    ("ValidateStreamRequest", "stream_url"): URL,
    ("CheckOnceRequest", "stream_url"): URL,
    ("CheckOnceRequest", "condition"): CONDITION,
    ("AnalyzeFrameRequest", "frame_b64"): (1, None),
    ("AnalyzeFrameRequest", "question"): (1, 1000),
    ("LiveMonitorRequest", "stream_url"): URL,
    ("LiveMonitorRequest", "condition"): CONDITION,
    ("LiveMonitorRequest", "webhook_url"): WEBHOOK,
    ("LiveDigestRequest", "stream_url"): URL,
    ("LiveDigestRequest", "webhook_url"): WEBHOOK,
    ("OsapiRetryRequest", "target_hostname"): (1, None),
}
RANGES = {
    ("CheckOnceRequest", "clip_duration_seconds"): (1, 10),
    ("LiveMonitorRequest", "interval_seconds"): (5, 300),
    ("LiveMonitorRequest", "clip_duration_seconds"): (1, 10),
    ("LiveMonitorRequest", "monitor_duration_seconds"): (5, None),
    ("LiveMonitorRequest", "trigger_cooldown_seconds"): (0, 3600),
    ("LiveMonitorRequest", "max_triggers"): (1, None),
    ("LiveDigestRequest", "window_minutes"): (1, 60),
    ("LiveDigestRequest", "capture_interval_seconds"): (10, 300),
    ("LiveDigestRequest", "max_windows"): (1, None),
}
DEFAULTS = {
    "ValidateStreamRequest": {},
    "CheckOnceRequest": {"include_frame": False, "input_mode": "frames", "clip_duration_seconds": 3},
    "AnalyzeFrameRequest": {"include_frame": False},
    "LiveMonitorRequest": {
        "webhook_url": None,
        "interval_seconds": 10,
        "input_mode": "clip",
        "clip_duration_seconds": 3,
        "monitor_duration_seconds": 600,
        "trigger_cooldown_seconds": 0,
        "max_triggers": 1,
    },
    "LiveDigestRequest": {
        "window_minutes": 10,
        "capture_interval_seconds": 60,
        "webhook_url": None,
        "max_windows": None,
        "include_frames": False,
    },
    "OsapiRetryRequest": {"target_hostname": None},
}
MINIMAL = {
    "ValidateStreamRequest": {"stream_url": "u"},
    "CheckOnceRequest": {"stream_url": "u", "condition": "c"},
    "AnalyzeFrameRequest": {"frame_b64": "f", "question": "q"},
    "LiveMonitorRequest": {"stream_url": "u", "condition": "c"},
    "LiveDigestRequest": {"stream_url": "u"},
    "OsapiRetryRequest": {},
}
# What a reply is useless without.
INDISPENSABLE = {
    "StreamValidation": set(),
    "PreparedStream": set(),
    "CheckResult": {"triggered"},
    "FrameAnswer": set(),
    "Job": {"job_id"},
    "JobConfig": set(),
    "JobDetail": {"job_id"},
    "JobPage": {"jobs"},
    "CancelledJob": {"job_id"},
    "OsapiAgentResponse": set(),
    "OsapiAgentState": set(),
    "OsapiTimelineEvent": set(),
    "OsapiRetriedJob": {"job_id"},
    "OsapiJob": set(),
    "OsapiJobPage": set(),
}
# What reads as nothing at all, rather than as None, where a server says null.
EMPTY_WHERE_NULL: dict[str, dict[str, Any]] = {"OsapiJobPage": {"status_counts": {}, "items": []}}
OPERATIONS = {
    "validate_stream": ("POST", "/streams/validate"),
    "prepare_stream": ("POST", "/prepare-stream"),
    "check_once": ("POST", "/check-once"),
    "analyze_frame": ("POST", "/analyze-frame"),
    "create_live_monitor": ("POST", "/live-monitor"),
    "create_live_digest": ("POST", "/live-digest"),
    "list_jobs": ("GET", "/jobs"),
    "get_job": ("GET", "/jobs/{job_id}"),
    "cancel_job": ("DELETE", "/jobs/{job_id}"),
    "list_osapi_jobs": ("GET", "/job"),
    "get_osapi_job": ("GET", "/job/{id}"),
    "delete_osapi_job": ("DELETE", "/job/{id}"),
    "retry_osapi_job": ("POST", "/job/{id}/retry"),
}


def walk(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    yield path, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from walk(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from walk(inner, (*path, index))


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                yield method.upper(), path, operation


def examples() -> Iterator[Any]:
    """Every example of both files, with the place of its schema."""
    for api, document in APIS.items():
        for path, value in walk(document):
            if not isinstance(value, dict) or "schema" not in value:
                continue
            found = {name: each["value"] for name, each in value.get("examples", {}).items()}
            if "example" in value:
                found["example"] = value["example"]
            for name, example in found.items():
                yield pytest.param(api, (*path, "schema"), example, id=f"{api}:{'/'.join(map(str, path))}:{name}")


def event_examples() -> Iterator[Any]:
    """Every event of every example of an event stream, with the place of its schema."""
    for path, value in walk(APIS["trio"]):
        if not isinstance(value, dict) or "x-event-data" not in value:
            continue
        for example in value["examples"].values():
            for block in example["value"].strip().split("\n\n"):
                name, data = (line.partition(": ")[2] for line in block.split("\n"))
                yield pytest.param((*path, "x-event-data", name), json.loads(data), id=f"{path[1]}:{name}")


def violations(api: str, path: tuple[str | int, ...], value: Any) -> list[str]:
    """What `jsonschema` (Draft 2020-12, that of OpenAPI 3.1) has against a value."""
    jsonschema = pytest.importorskip("jsonschema")
    referencing = pytest.importorskip("referencing")
    from referencing.jsonschema import DRAFT202012

    registry = referencing.Registry().with_resource("urn:api", DRAFT202012.create_resource(APIS[api]))
    pointer = "/".join(str(step).replace("~", "~0").replace("/", "~1") for step in path)
    validator = jsonschema.Draft202012Validator({"$ref": f"urn:api#/{pointer}"}, registry=registry)
    return [error.message for error in validator.iter_errors(value)]


def sample(name: str) -> Any:
    return json.loads((ROOT / "tests" / "samples" / f"{name}.json").read_text("utf-8"))


def tolerant(name: str) -> type[BaseModel]:
    return getattr(models, name)


def names_of(model: str) -> set[str]:
    """The names of a tolerant model's fields on the wire."""
    return {field.alias or name for name, field in tolerant(model).model_fields.items()}


def strict(name: str) -> type[BaseModel]:
    return getattr(importlib.import_module(STRICT["osapi" if name.startswith("Osapi") else "trio"]), name)


def schema_of(name: str) -> dict[str, Any]:
    return APIS["osapi" if name.startswith("Osapi") else "trio"]["components"]["schemas"][name]


def documented_reply(name: str) -> dict[str, Any]:
    """A reply with every required field, and nothing else."""
    values = {"status": "running", "jobs": [], "is_live": True, "success": True, "triggered": True}
    return {
        field: UUID if field == "job_id" else values.get(field, "text") for field in schema_of(name).get("required", ())
    }


def blamed(error: ValidationError) -> set[str]:
    return {str(each["loc"][0]) for each in error.errors()}


# ---- the files


@pytest.mark.parametrize("api", APIS)
def test_the_shipped_json_says_the_same_as_the_yaml(api: str) -> None:
    shipped = json.loads((ROOT / "trio_client" / "stub" / "documented" / "openapi" / f"{api}.json").read_text("utf-8"))
    assert shipped == APIS[api]


def test_every_documented_operation_is_there_and_no_other() -> None:
    found = {o["operationId"]: (method, path) for api in APIS.values() for method, path, o in operations(api)}
    assert found == OPERATIONS


@pytest.mark.parametrize("api", APIS)
def test_every_body_has_an_example(api: str) -> None:
    bodies = [
        (path, value)
        for path, value in walk(APIS[api])
        if isinstance(value, dict) and "schema" in value and path[-2:-1] == ("content",)
    ]
    assert len(bodies) > 8
    assert [path for path, value in bodies if not value.get("examples")] == []


@pytest.mark.parametrize(("api", "path", "example"), list(examples()))
def test_every_example_is_valid(api: str, path: tuple[str | int, ...], example: Any) -> None:
    assert violations(api, path, example) == []


@pytest.mark.parametrize(("path", "data"), list(event_examples()))
def test_the_data_of_every_event_in_an_example_is_valid(path: tuple[str | int, ...], data: Any) -> None:
    assert violations("trio", path, data) == []


def test_an_invalid_example_would_be_noticed() -> None:
    path = ("components", "schemas", "JobPage")
    page = sample("jobs_list")
    page["jobs"][1]["status"] = "resting"
    assert violations("trio", path, page) != []


@pytest.mark.parametrize("api", APIS)
def test_every_link_leads_to_an_operation_and_names_its_parameters(api: str) -> None:
    document = APIS[api]
    known: dict[str, set[str]] = {}
    for _, path, operation in operations(document):
        shared = document["paths"][path].get("parameters", ())
        declared = [*shared, *operation.get("parameters", ())]
        resolved = [
            document["components"]["parameters"][p["$ref"].rsplit("/", 1)[1]] if "$ref" in p else p for p in declared
        ]
        known[operation["operationId"]] = {p["name"] for p in resolved}
    links = [v for _, v in walk(document) if isinstance(v, dict) and set(v) >= {"operationId", "parameters"}]
    links = [link for link in links if isinstance(link["parameters"], dict)]
    assert len(links) >= 3
    for link in links:
        assert set(link["parameters"]) <= known[link["operationId"]]


def test_every_trio_operation_states_the_errors() -> None:
    for _, path, operation in operations(APIS["trio"]):
        assert {"400", "401", "402", "403", "422", "429", "5XX"} <= set(operation["responses"]), path
    assert set(APIS["trio"]["webhooks"]) == {
        "job_started",
        "watch_triggered",
        "summary_generated",
        "job_stopped",
        "error",
    }


# ---- the documented samples


@pytest.mark.parametrize(
    ("name", "operation", "part", "model"),
    [
        ("jobs_list", "list_jobs", "reply", "JobPage"),
        ("live_monitor_request", "create_live_monitor", "request", "LiveMonitorRequest"),
        ("live_monitor_response", "create_live_monitor", "reply", "Job"),
    ],
)
def test_a_documented_sample_is_in_the_file_and_survives_its_model(
    name: str, operation: str, part: str, model: str
) -> None:
    documented = sample(name)
    found = next(o for _, _, o in operations(APIS["trio"]) if o["operationId"] == operation)
    body = found["requestBody"] if part == "request" else found["responses"]["200"]
    assert documented in [each["value"] for each in body["content"]["application/json"]["examples"].values()]

    assert tolerant(model).model_validate(documented).model_dump(exclude_unset=True) == documented
    assert tolerant(model).model_validate_json(json.dumps(documented)).model_dump(exclude_unset=True) == documented
    if part == "reply":
        assert strict(model).model_validate(documented).model_dump(exclude_unset=True) == documented


# ---- requests


def cases(table: dict[tuple[str, str], tuple[int, int | None]]) -> list[Any]:
    return [pytest.param(*key, *limits, id=".".join(key)) for key, limits in table.items()]


@pytest.mark.parametrize(("model", "field", "low", "high"), cases(LENGTHS))
def test_lengths_are_checked_at_their_ends(model: str, field: str, low: int, high: int | None) -> None:
    passes = [low] if high is None else [low, high]
    fails = [low - 1] if high is None else [low - 1, high + 1]
    check(model, field, [n * "x" for n in passes], [n * "x" for n in fails])


@pytest.mark.parametrize(("model", "field", "low", "high"), cases(RANGES))
def test_ranges_are_checked_at_their_ends(model: str, field: str, low: int, high: int | None) -> None:
    passes = [low, 10**9] if high is None else [low, high]
    fails = [low - 1] if high is None else [low - 1, high + 1]
    check(model, field, passes, fails)


def check(model: str, field: str, passes: list[Any], fails: list[Any]) -> None:
    place = ("components", "schemas", model)
    api = "osapi" if model.startswith("Osapi") else "trio"
    for value in passes:
        request = {**MINIMAL[model], field: value}
        assert tolerant(model).model_validate(request).model_dump(exclude_unset=True) == request
        assert violations(api, place, request) == []
    for value in fails:
        request = {**MINIMAL[model], field: value}
        with pytest.raises(ValidationError) as caught:
            tolerant(model).model_validate(request)
        assert blamed(caught.value) == {field}
        assert violations(api, place, request) != []


def test_every_constrained_request_field_is_in_the_tables() -> None:
    constraints = {"minLength", "maxLength", "minimum", "maximum"}
    found = {
        (name, field)
        for document in APIS.values()
        for name, schema in document["components"]["schemas"].items()
        if name.endswith("Request")
        for field, rule in schema["properties"].items()
        if constraints & set(rule)
    }
    assert found == set(LENGTHS) | set(RANGES)


@pytest.mark.parametrize("model", MINIMAL)
def test_a_minimal_request_sends_nothing_more_and_knows_the_documented_defaults(model: str) -> None:
    request = tolerant(model).model_validate(MINIMAL[model])
    assert request.model_dump(exclude_unset=True) == MINIMAL[model]
    assert request.model_dump(exclude=set(MINIMAL[model])) == DEFAULTS[model]


@pytest.mark.parametrize(("model", "field"), [(model, field) for model, fields in MINIMAL.items() for field in fields])
def test_a_request_without_a_required_field_fails_by_its_name(model: str, field: str) -> None:
    request = {name: value for name, value in MINIMAL[model].items() if name != field}
    with pytest.raises(ValidationError) as caught:
        tolerant(model).model_validate(request)
    assert blamed(caught.value) == {field}


@pytest.mark.parametrize("model", ["CheckOnceRequest", "LiveMonitorRequest"])
def test_only_the_documented_input_modes_are_sent(model: str) -> None:
    for mode in ("frames", "clip", "hybrid"):
        assert tolerant(model).model_validate({**MINIMAL[model], "input_mode": mode}).input_mode == mode  # type: ignore[attr-defined]
    with pytest.raises(ValidationError) as caught:
        tolerant(model).model_validate({**MINIMAL[model], "input_mode": "video"})
    assert blamed(caught.value) == {"input_mode"}


@pytest.mark.parametrize(
    ("model", "field"), [("LiveMonitorRequest", "max_triggers"), ("LiveDigestRequest", "max_windows")]
)
def test_unlimited_is_sent_as_null_and_differs_from_not_given(model: str, field: str) -> None:
    given = tolerant(model).model_validate({**MINIMAL[model], field: None})
    assert given.model_dump(exclude_unset=True) == {**MINIMAL[model], field: None}


@pytest.mark.parametrize("url", ["https://example.com", "HTTPS://Example.com:443/a?b=c#d", "https://exämple.com/ü"])
def test_a_webhook_url_is_sent_as_given(url: str) -> None:
    request = models.LiveMonitorRequest(stream_url="u", condition="c", webhook_url=url)
    assert request.model_dump(exclude_unset=True)["webhook_url"] == url


# ---- replies


def test_every_reply_model_is_in_the_table() -> None:
    replies = {name for name in models.__all__ if isinstance(getattr(models, name), type)}
    assert replies - set(MINIMAL) - {"JobStats"} == set(INDISPENSABLE)


@pytest.mark.parametrize(("model", "needed"), list(INDISPENSABLE.items()))
def test_only_the_indispensable_is_required_of_a_reply(model: str, needed: set[str]) -> None:
    fields = tolerant(model).model_fields
    assert {name for name, field in fields.items() if field.is_required()} == needed
    values = {"job_id": "abc-123", "triggered": True, "jobs": []}
    reply = {name: values[name] for name in needed}
    assert tolerant(model).model_validate(reply).model_dump(exclude_unset=True) == reply
    for name in needed:
        with pytest.raises(ValidationError) as caught:
            tolerant(model).model_validate({key: value for key, value in reply.items() if key != name})
        assert blamed(caught.value) == {name}


@pytest.mark.parametrize(("model", "needed"), list(INDISPENSABLE.items()))
def test_everything_else_of_a_reply_may_be_null(model: str, needed: set[str]) -> None:
    values = {"job_id": "abc-123", "triggered": True, "jobs": []}
    reply = {name: values.get(name) if name in needed else None for name in names_of(model)}
    assert tolerant(model).model_validate(reply).model_dump() == {**reply, **EMPTY_WHERE_NULL.get(model, {})}


@pytest.mark.parametrize("model", INDISPENSABLE)
def test_unknown_fields_of_a_reply_are_kept(model: str) -> None:
    reply = {**documented_reply(model), "brand_new": {"deep": [1, None]}}
    assert tolerant(model).model_validate(reply).model_dump(exclude_unset=True) == reply


@pytest.mark.parametrize("model", INDISPENSABLE)
def test_a_tolerant_model_has_every_documented_field(model: str) -> None:
    assert set(strict(model).model_fields) <= names_of(model)
    assert set(strict(model).model_fields) == set(schema_of(model)["properties"])


@pytest.mark.parametrize(
    ("model", "field"),
    [("Job", "status"), ("JobDetail", "status"), ("CancelledJob", "status"), ("JobConfig", "input_mode")],
)
def test_a_value_outside_a_closed_list_passes_unless_strict(model: str, field: str) -> None:
    reply = {**documented_reply(model), field: "brand_new"}
    assert getattr(tolerant(model).model_validate(reply), field) == "brand_new"
    with pytest.raises(ValidationError) as caught:
        strict(model).model_validate(reply)
    assert blamed(caught.value) == {field}


def test_open_lists_are_open_for_strict_models_too() -> None:
    assert strict("Job").model_validate({**documented_reply("Job"), "job_type": "brand_new"})
    assert strict("JobStats").model_validate({"reason": "stream_offline"})
    assert strict("OsapiJob").model_validate({"status": "skipped"})


@pytest.mark.parametrize(
    ("model", "field"),
    [(model, field) for model in INDISPENSABLE for field in schema_of(model).get("required", ())],
)
def test_a_strict_model_wants_every_documented_field(model: str, field: str) -> None:
    reply = documented_reply(model)
    assert strict(model).model_validate(reply).model_dump(exclude_unset=True) == reply
    del reply[field]
    with pytest.raises(ValidationError) as caught:
        strict(model).model_validate(reply)
    assert blamed(caught.value) == {field}


@pytest.mark.parametrize("model", INDISPENSABLE)
def test_a_strict_model_takes_null_only_where_it_is_documented(model: str) -> None:
    for field, rule in schema_of(model)["properties"].items():
        reply = {**documented_reply(model), field: None}
        if "null" in rule.get("type", ()) or set(rule) == {"description"}:
            assert strict(model).model_validate(reply)
        else:
            with pytest.raises(ValidationError) as caught:
                strict(model).model_validate(reply)
            assert blamed(caught.value) == {field}


@pytest.mark.parametrize("model", ["Job", "JobDetail", "CancelledJob", "OsapiRetriedJob"])
def test_a_job_id_that_is_no_uuid_passes_unless_strict(model: str) -> None:
    reply = {**documented_reply(model), "job_id": "abc-123"}
    assert tolerant(model).model_validate(reply).job_id == "abc-123"  # type: ignore[attr-defined]
    with pytest.raises(ValidationError) as caught:
        strict(model).model_validate(reply)
    assert blamed(caught.value) == {"job_id"}


def test_the_shortest_reply_to_a_create_is_a_job() -> None:
    job = models.Job.model_validate({"job_id": "abc-123", "status": "running"})
    assert (job.job_id, job.status, job.created_at, job.details) == ("abc-123", "running", None, None)


def test_counters_are_a_dict_with_attributes() -> None:
    counters = {"checks_performed": 45, "reason": None, "brand_new": 1}
    job = models.JobDetail.model_validate({"job_id": "abc-123", "stats": counters})
    assert isinstance(job.stats, models.JobStats)
    assert (job.stats, job.stats.checks_performed) == (counters, 45)


def test_an_older_validation_reply_says_valid_for_live() -> None:
    reply = models.StreamValidation.model_validate({"valid": True})
    assert (reply.valid, reply.is_live) == (True, True)


@pytest.mark.parametrize("name", ["result", "data"])
@pytest.mark.parametrize("value", [None, 0, "text", [1, {"a": None}], {"stdout": "ok"}])
def test_what_an_agent_returns_may_be_any_json(name: str, value: Any) -> None:
    model = tolerant("OsapiJob" if name == "result" else "OsapiAgentResponse")
    assert model.model_validate({name: value}).model_dump(exclude_unset=True) == {name: value}


# ---- events and webhooks


@pytest.mark.parametrize(
    ("name", "webhook"),
    [
        ("job_started", "JobStartedWebhook"),
        ("watch_triggered", "WatchTriggeredWebhook"),
        ("summary_generated", "SummaryGeneratedWebhook"),
        ("job_stopped", "JobStoppedWebhook"),
        ("error", "ErrorWebhook"),
    ],
)
def test_a_webhook_is_known_by_its_type(name: str, webhook: str) -> None:
    content = APIS["trio"]["webhooks"][name]["post"]["requestBody"]["content"]["application/json"]
    assert content["schema"] == {"$ref": f"#/components/schemas/{webhook}"}
    for example in content["examples"].values():
        assert strict(webhook).model_validate(example["value"]).model_dump(exclude_unset=True) == example["value"]
    with pytest.raises(ValidationError) as caught:
        strict(webhook).model_validate({"type": "brand_new"})
    assert blamed(caught.value) == {"type"}


@pytest.mark.parametrize(
    "event",
    ["StartedEvent", "ProgressEvent", "TriggeredEvent", "SummaryEvent", "StoppedEvent", "ErrorEvent"],
)
def test_the_data_of_an_event_is_open(event: str) -> None:
    assert strict(event).model_validate({"brand_new": 1}).model_dump(exclude_unset=True) == {"brand_new": 1}
    assert violations("trio", ("components", "schemas", event), {"brand_new": 1}) == []
