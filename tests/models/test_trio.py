"""What comes back is kept as it was sent, forgives what is missing or new, and shows no secrets."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from trio_client import Frame, models, response_info
from trio_client._response_info import ResponseInfo, remember

EXAMPLES = Path(__file__).resolve().parents[1] / "samples"
URL = "rtsp://user:hunter2@cam/1"
# The least each reply needs to be of any use.
LEAST: dict[type[BaseModel], dict[str, Any]] = {
    models.Job: {"job_id": "a"},
    models.JobDetail: {"job_id": "a"},
    models.CancelledJob: {"job_id": "a"},
    models.JobPage: {"jobs": []},
    models.CheckResult: {"triggered": True},
    models.FrameAnswer: {},
    models.StreamValidation: {},
    models.PreparedStream: {},
}


def example(name: str) -> Any:
    return json.loads((EXAMPLES / name).read_text("utf-8"))


@pytest.mark.parametrize(
    ("model", "name"), [(models.JobPage, "jobs_list.json"), (models.Job, "live_monitor_response.json")]
)
def test_a_documented_reply_is_read_and_written_back_unchanged(model: type[BaseModel], name: str) -> None:
    found = model.model_validate(example(name))
    assert example(name) == found.model_dump(exclude_unset=True)


@pytest.mark.parametrize("model", LEAST)
def test_the_least_is_enough_and_everything_else_is_none(model: type[BaseModel]) -> None:
    found = model.model_validate(LEAST[model])
    for name in model.model_fields.keys() - LEAST[model].keys():
        assert None is getattr(found, name)


@pytest.mark.parametrize("model", LEAST)
def test_less_than_the_least_is_refused(model: type[BaseModel]) -> None:
    for name in LEAST[model]:
        with pytest.raises(ValidationError, match=name):
            model.model_validate({key: value for key, value in LEAST[model].items() if key != name})


@pytest.mark.parametrize("model", LEAST)
def test_null_stands_for_what_is_missing(model: type[BaseModel]) -> None:
    nulls = dict.fromkeys(model.model_fields.keys() - LEAST[model].keys())
    assert (
        model.model_validate({**nulls, **LEAST[model]}).model_dump() == model.model_validate(LEAST[model]).model_dump()
    )


@pytest.mark.parametrize("model", LEAST)
def test_unknown_fields_are_kept_whatever_they_are_called(model: type[BaseModel]) -> None:
    extra = {"new": {"a": [1]}, "class": 1, "model_config": 2, "model_fields": 3, "": 4, "copy": 5, "is_terminal": "no"}
    extra |= {"__reply_info__": 6, "__class__": 7, "__dict__": 8, "self": 9}
    found = model.model_validate({**LEAST[model], **extra})
    assert extra == found.model_extra
    assert {"a": [1]} == getattr(found, "new")  # noqa: B009 - not a field
    assert extra.items() <= json.loads(found.model_dump_json()).items()
    assert type(found) is model
    assert repr(found)
    with pytest.raises(LookupError):
        response_info(found)


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (models.Job, {"status": "hibernating", "job_type": "live-audit"}),
        (models.JobDetail, {"status": "cancelled", "config": {"input_mode": "hologram"}}),
        (models.CancelledJob, {"status": "gone"}),
        (models.StreamValidation, {"platform": "peertube"}),
        (models.PreparedStream, {"embed_type": "rtsp"}),
        (models.JobDetail, {"stats": {"reason": "stream_offline"}}),
    ],
)
def test_unknown_words_pass_as_they_are(model: type[BaseModel], fields: dict[str, Any]) -> None:
    assert fields.items() <= model.model_validate({**LEAST[model], **fields}).model_dump(exclude_unset=True).items()


def test_values_outside_of_the_ranges_for_requests_pass() -> None:
    config = {"interval_seconds": 0, "window_minutes": 1440, "capture_interval_seconds": 3600, "max_triggers": None}
    config["condition"] = "x" * 5000
    found = models.JobDetail.model_validate({"job_id": "abc-123", "stream_url": "", "config": config}).config
    assert found is not None
    assert config == found.model_dump(exclude_unset=True)


@pytest.mark.parametrize(
    ("status", "ended"),
    [
        ("completed", True),
        ("stopped", True),
        ("failed", True),
        ("pending", False),
        ("running", False),
        ("cancelled", False),
        ("", False),
        (None, False),
    ],
)
@pytest.mark.parametrize("model", [models.Job, models.JobDetail, models.CancelledJob])
def test_only_the_three_documented_ends_are_ends(model: Any, status: str | None, ended: bool) -> None:
    assert ended is model(job_id="a", status=status).is_terminal


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("2026-03-01T12:00:00Z", datetime(2026, 3, 1, 12, tzinfo=timezone.utc)),
        ("2026-03-01T12:00:00", datetime(2026, 3, 1, 12, tzinfo=timezone.utc)),
        ("<string>", None),
        ("", None),
        (None, None),
    ],
)
def test_a_time_stays_as_it_was_sent_with_its_value_beside_it(sent: str | None, expected: datetime | None) -> None:
    job = models.Job(job_id="a", created_at=sent)
    assert (sent, expected) == (job.created_at, job.created_time)
    assert None is models.CancelledJob(job_id="a").created_time


def test_a_picture_is_a_frame_where_there_is_one() -> None:
    assert Frame("/9j/") == models.CheckResult(triggered=True, frame_b64="/9j/").frame
    assert [None, None] == [models.FrameAnswer(frame_b64=text).frame for text in (None, "")]


@pytest.mark.parametrize(
    ("reply", "live"),
    [
        ({"is_live": True}, True),
        ({"valid": True}, True),
        ({"valid": False}, False),
        ({"is_live": False, "valid": True}, False),
        ({}, None),
    ],
)
def test_whether_a_stream_is_live_is_read_under_its_older_name_too(reply: dict[str, Any], live: bool | None) -> None:
    assert live is models.StreamValidation.model_validate(reply).is_live


@pytest.mark.parametrize("answer", [True, False, None])
def test_an_open_question_has_neither_yes_nor_no(answer: bool | None) -> None:
    assert answer is models.FrameAnswer(answer="Two people.", triggered=answer).triggered


# pages


def page(count: int, **more: Any) -> models.JobPage:
    return models.JobPage.model_validate({"jobs": [{"job_id": str(number)} for number in range(count)], **more})


def test_a_page_is_a_sequence_of_its_jobs_and_true_even_when_empty() -> None:
    found = page(3, total=10, limit=3, offset=0)
    assert (3, ["0", "1", "2"], "2") == (len(found), [job.job_id for job in found], found[-1].job_id)
    assert (0, True, []) == (len(page(0)), bool(page(0)), list(page(0)))


@pytest.mark.parametrize(
    ("count", "more", "expected"),
    [
        (3, {"total": 10, "offset": 0}, True),
        (3, {"total": 10, "offset": 6}, True),
        (3, {"total": 10, "offset": 7}, False),
        (3, {"total": 3}, False),
        (3, {"total": 3, "offset": None}, False),
        (3, {"total": 2, "offset": 0}, False),
        (3, {}, True),
        (3, {"total": None}, True),
        (3, {"total": 0}, True),
        (3, {"total": -1}, True),
        (0, {"total": 10}, False),
        (0, {}, False),
    ],
)
def test_has_more_takes_the_total_as_a_hint(count: int, more: dict[str, Any], expected: bool) -> None:
    assert expected is page(count, **more).has_more


# secrets


@pytest.mark.parametrize(
    "found",
    [
        models.Job(job_id="a", stream_url=URL, details={"stream_url": URL, "urls": [URL]}, message=f"of {URL}"),
        models.JobDetail.model_validate({"job_id": "a", "config": {"webhook_url": "https://u:hunter2@h/x"}, "x": URL}),
        models.StreamValidation(parsed_url=URL),
        models.PreparedStream(embed_url=URL, message=URL),
        models.JobPage.model_validate({"jobs": [{"job_id": "a", "stream_url": URL}], "next": URL}),
    ],
    ids=lambda found: type(found).__name__,
)
def test_credentials_are_in_the_fields_but_in_no_text(found: BaseModel) -> None:
    for shown in (repr(found), str(found), f"{found}", repr([found])):
        assert "hunter2" not in shown
        assert "://***@" in shown
    assert "hunter2" in found.model_dump_json()


def test_the_repr_of_a_picture_is_short() -> None:
    assert len(repr(models.CheckResult(triggered=True, frame_b64="A" * 1_000_000))) < 300


def test_an_invalid_reply_is_not_quoted_by_the_validation_error() -> None:
    with pytest.raises(ValidationError) as caught:
        models.Job.model_validate({"job_id": ["hunter2"]})
    assert "hunter2" not in str(caught.value)


# where a model came from


INFO = ResponseInfo(200, {"date": "today", "set-cookie": "hunter2"}, "r-1", attempts=2, elapsed=0.5)


def test_a_reply_is_remembered_with_its_model() -> None:
    job = models.Job(job_id="a")
    remember(job, INFO)
    assert INFO is response_info(job)
    assert (200, "r-1", 2, 0.5, False) == (
        INFO.status_code,
        INFO.request_id,
        INFO.attempts,
        INFO.elapsed,
        INFO.recovered,
    )
    assert "hunter2" not in repr(INFO)
    assert job == models.Job(job_id="a")
    assert {"job_id": "a"} == job.model_dump(exclude_unset=True)


@pytest.mark.parametrize(
    "copy_of",
    [lambda job: pickle.loads(pickle.dumps(job)), copy.copy, copy.deepcopy, lambda job: job.model_copy()],
    ids=["pickle", "copy", "deepcopy", "model_copy"],
)
def test_a_copy_equals_its_model_and_came_from_no_reply(copy_of: Any) -> None:
    job = models.JobDetail.model_validate({"job_id": "a", "stats": {"checks_performed": 1}, "new": 2})
    remember(job, INFO)
    copied = copy_of(job)
    assert job == copied
    with pytest.raises(LookupError, match="JobDetail did not come straight from a reply"):
        response_info(copied)


def test_a_model_built_by_hand_came_from_no_reply() -> None:
    with pytest.raises(LookupError, match="only what a client's method returned"):
        response_info(models.Job(job_id="a"))
