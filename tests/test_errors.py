"""One tree of errors. Each says what to do next, and can be pickled and copied."""

from __future__ import annotations

import copy
import inspect
import pickle
import re
from datetime import datetime, timezone
from typing import Any

import pytest

from trio_client import errors
from trio_client.events import Progress
from trio_client.models import Job, JobDetail

# Each class with the classes directly above it.
TREE: dict[str, tuple[type[BaseException], ...]] = {
    "TrioError": (Exception,),
    "ConfigurationError": (errors.TrioError,),
    "RequestValidationError": (errors.TrioError, ValueError),
    "APIConnectionError": (errors.TrioError,),
    "APITimeoutError": (errors.APIConnectionError, TimeoutError),
    "APIStatusError": (errors.TrioError,),
    "BadRequestError": (errors.APIStatusError,),
    "StreamUnavailableError": (errors.BadRequestError,),
    "AuthenticationError": (errors.APIStatusError,),
    "InsufficientCreditsError": (errors.APIStatusError,),
    "PermissionDeniedError": (errors.APIStatusError,),
    "NotFoundError": (errors.APIStatusError,),
    "JobNotFoundError": (errors.NotFoundError,),
    "ConflictError": (errors.APIStatusError,),
    "UnprocessableEntityError": (errors.APIStatusError,),
    "RateLimitError": (errors.APIStatusError,),
    "ServerError": (errors.APIStatusError,),
    "MaxJobsReachedError": (errors.APIStatusError,),
    "ResponseValidationError": (errors.TrioError,),
    "CreateOutcomeUnknownError": (errors.TrioError,),
    "StreamInterruptedError": (errors.TrioError,),
    "WaitTimeoutError": (errors.TrioError, TimeoutError),
    "WebhookError": (errors.TrioError,),
    "WebhookSignatureError": (errors.WebhookError,),
    "WebhookPayloadError": (errors.WebhookError,),
}
STATUS: dict[str, Any] = {
    "status_code": 400,
    "code": "A_CODE",
    "remediation": "Do this.",
    "request_id": "r1",
    "body_preview": "{}",
    "retry_after": 1.5,
}
SAMPLES: list[errors.TrioError] = [
    errors.TrioError("m"),
    errors.ConfigurationError("m", field="trust_env", advice="Unset it."),
    errors.RequestValidationError("m", field="limit", value=0),
    errors.APIConnectionError("m", request_sent=False, permanent=True),
    errors.APITimeoutError("m", phase="idle", request_sent=True),
    errors.APIStatusError("m", **STATUS),
    errors.BadRequestError("m", **STATUS),
    errors.StreamUnavailableError("m", **STATUS),
    errors.AuthenticationError("m", **STATUS),
    errors.InsufficientCreditsError("m", **STATUS),
    errors.PermissionDeniedError("m", **STATUS),
    errors.NotFoundError("m", **STATUS),
    errors.JobNotFoundError("m", **STATUS),
    errors.ConflictError("m", **STATUS),
    errors.UnprocessableEntityError("m", fields={"condition": "too long"}, **STATUS),
    errors.RateLimitError("m", **STATUS),
    errors.ServerError("m", **STATUS),
    errors.MaxJobsReachedError("m", **STATUS),
    errors.ResponseValidationError("m", status_code=200, body_preview="<html>", field="job_id"),
    errors.CreateOutcomeUnknownError(
        "m",
        candidates=[Job(job_id="a")],
        reference="ref",
        request={"stream_url": "rtsp://cam/1"},
        path="/live-monitor",
        sent_at=datetime(2026, 3, 1, tzinfo=timezone.utc),
    ),
    errors.StreamInterruptedError("m", job_id="a", last=Progress(name="progress", job_id="a")),
    errors.WaitTimeoutError("m", last=JobDetail(job_id="a")),
    errors.WebhookError("m"),
    errors.WebhookSignatureError("m"),
    errors.WebhookPayloadError("m"),
]


def name_of(value: object) -> str:
    return type(value).__name__


def error_classes() -> dict[str, type[errors.TrioError]]:
    found = inspect.getmembers(errors, inspect.isclass)
    return {name: cls for name, cls in found if issubclass(cls, errors.TrioError)}


def drawn_tree() -> dict[str, tuple[str, ...]]:
    """Read the tree that the module's docstring draws: class names with their parents."""
    parents: dict[str, tuple[str, ...]] = {}
    path: list[str] = []
    for line in inspect.getdoc(errors).splitlines():  # type: ignore[union-attr]
        found = re.match(r"([│├└─ ]*)(\w+Error)\b(?: \((\w+)\))?", line)
        if found is None or (parents and not found[1]):
            continue
        depth = len(found[1]) // 4
        path[depth:] = [found[2]]
        above = (path[depth - 1],) if depth else ("Exception",)
        parents[found[2]] = (*above, found[3]) if found[3] else above
    return parents


def test_the_tree_is_the_documented_one() -> None:
    assert {name: cls.__bases__ for name, cls in error_classes().items()} == TREE


def test_the_tree_in_the_docstring_is_the_real_one() -> None:
    real = {name: tuple(base.__name__ for base in cls.__bases__) for name, cls in error_classes().items()}
    assert drawn_tree() == real


def test_every_class_is_exported_and_has_a_sample_here() -> None:
    assert set(TREE) == {name_of(sample) for sample in SAMPLES}
    assert set(errors.__all__) == {*TREE, "JobLeakWarning", "ResponseWarning"}


def attributes(error: BaseException) -> dict[str, Any]:
    return {"args": error.args, "str": str(error), **vars(error)}


@pytest.mark.parametrize("error", SAMPLES, ids=name_of)
@pytest.mark.parametrize(
    "duplicate",
    [lambda error: pickle.loads(pickle.dumps(error)), copy.copy, copy.deepcopy],
    ids=["pickle", "copy", "deep"],
)
def test_it_survives_pickling_and_copying_with_attributes_and_notes(error: errors.TrioError, duplicate: Any) -> None:
    error = copy.copy(error)
    error.attempts, error.acted_before, error.advice = 3, True, "Ask a colleague."
    error.__notes__ = ["job a1 may still be running"]
    copied = duplicate(error)
    assert type(error) is type(copied)
    assert attributes(error) == attributes(copied)
    assert (copied.attempts, copied.acted_before, copied.__notes__) == (3, True, ["job a1 may still be running"])
    assert copied.advice == "Ask a colleague."


@pytest.mark.parametrize("error", SAMPLES, ids=name_of)
@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_every_pickle_protocol_works(error: errors.TrioError, protocol: int) -> None:
    assert attributes(error) == attributes(pickle.loads(pickle.dumps(error, protocol)))


def test_a_status_error_has_status_code_message_advice_and_request_id() -> None:
    assert str(errors.BadRequestError("m", **STATUS)) == "400 A_CODE: m. Do this. (request id r1)"


@pytest.mark.parametrize(
    ("kind", "advice"),
    [
        (errors.APIStatusError, "base_url"),
        (errors.BadRequestError, "arguments"),
        (errors.StreamUnavailableError, "live"),
        (errors.AuthenticationError, "TRIO_API_KEY"),
        (errors.InsufficientCreditsError, "credits"),
        (errors.PermissionDeniedError, "key"),
        (errors.NotFoundError, "base_url"),
        (errors.JobNotFoundError, "jobs.list"),
        (errors.ConflictError, "jobs.get"),
        (errors.UnprocessableEntityError, "arguments"),
        (errors.RateLimitError, "fewer"),
        (errors.ServerError, "later"),
        (errors.MaxJobsReachedError, "wait_for_slot"),
    ],
)
def test_without_advice_from_the_server_the_class_has_some(kind: type[errors.APIStatusError], advice: str) -> None:
    error = kind("it failed", status_code=418)
    assert str(error).startswith("418: it failed. ")
    assert advice in str(error)
    assert error.remediation is None  # that is the server's own advice only


@pytest.mark.parametrize("error", SAMPLES, ids=name_of)
def test_every_error_is_its_problem_and_then_its_advice(error: errors.TrioError) -> None:
    error = copy.copy(error)
    error.problem, error.advice = "The picture is blurred.", "Clean the lens."
    assert str(error).removesuffix(" (request id r1)") == "The picture is blurred. Clean the lens."
    error.advice = None
    assert str(error).removesuffix(" (request id r1)") == "The picture is blurred."


def test_a_problem_without_a_full_stop_gets_one_before_the_advice() -> None:
    assert str(errors.ConfigurationError("No key", advice="Set one.")) == "No key. Set one."
    assert str(errors.ConfigurationError("No key")) == "No key"


def test_the_servers_advice_comes_before_the_clients() -> None:
    error = errors.NotFoundError("gone", status_code=404, remediation="Ask the server.", advice="Ask the client.")
    assert error.advice == "Ask the server."
    assert errors.NotFoundError("gone", status_code=404, advice="Ask the client.").advice == "Ask the client."
    assert errors.NotFoundError("gone", status_code=404).advice == errors.NotFoundError.advice


@pytest.mark.parametrize("kind", [kind for kind in error_classes().values() if issubclass(kind, errors.APIStatusError)])
def test_every_status_error_has_the_wait_that_the_server_asked_for(kind: type[errors.APIStatusError]) -> None:
    assert kind("wait", status_code=418, retry_after=2.5).retry_after == 2.5
    assert kind("wait", status_code=418).retry_after is None


def test_a_leak_warning_has_its_job_id_and_survives_pickling() -> None:
    leak = errors.JobLeakWarning("Job a1 may run.", job_id="a1", advice="Cancel it.")
    copied = pickle.loads(pickle.dumps(leak))
    assert (str(copied), copied.problem, copied.advice, copied.job_id) == (
        "Job a1 may run. Cancel it.",
        "Job a1 may run.",
        "Cancel it.",
        "a1",
    )


@pytest.mark.parametrize("end", ".!?…")
def test_a_message_with_punctuation_gets_no_second_full_stop(end: str) -> None:
    assert str(errors.ServerError(f"Down{end}", status_code=500)).startswith(f"500: Down{end} Try")


@pytest.mark.parametrize(
    ("code", "transient"),
    [
        ("NOT_LIVESTREAM", False),
        ("not_livestream", False),
        ("STREAM_FETCH_FAILED", True),
        ("FRAME_CAPTURE_FAILED", True),
        ("CLIP_CAPTURE_FAILED", True),
        ("STREAM_OFFLINE", True),
        (None, True),
    ],
)
def test_only_what_is_no_live_stream_is_not_transient(code: str | None, transient: bool) -> None:
    assert errors.StreamUnavailableError("m", status_code=400, code=code).transient is transient


def test_the_repr_of_an_unknown_create_masks_the_camera_password() -> None:
    error = errors.CreateOutcomeUnknownError("m", request={"stream_url": "rtsp://user:secret@cam/1"})
    assert "rtsp://***@cam/1" in repr(error)
    assert "secret" not in repr(error)
    assert error.request["stream_url"] == "rtsp://user:secret@cam/1"


def test_the_warnings_are_not_errors() -> None:
    assert issubclass(errors.ResponseWarning, UserWarning)
    assert issubclass(errors.JobLeakWarning, UserWarning)


@pytest.mark.parametrize("kind", [errors.TrioError, errors.StreamInterruptedError, errors.JobLeakWarning])
def test_a_text_is_printable_and_cut_wherever_it_comes_from(kind: Any) -> None:
    foreign = "x\n2026-01-01 forged line \x1b]52;c;aGk=\x07" + "y" * 200_000
    found = kind(foreign, advice=foreign)
    for text in (str(found), found.problem, found.advice, *map(str, found.args)):
        assert text.isprintable()
        assert text.startswith("x\\n2026-01-01 forged line \\x1b]52")
        assert len(text) < 10_000
