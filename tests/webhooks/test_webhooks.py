"""A webhook is trusted only with a fitting signature, and nothing a sender does raises anything undocumented."""

from __future__ import annotations

import array
import email.message
import hashlib
import hmac
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_client import webhooks
from trio_client.errors import (
    ConfigurationError,
    RequestValidationError,
    TrioError,
    WebhookError,
    WebhookPayloadError,
    WebhookSignatureError,
)

SECRET = "whsec-0123456789"
PAYLOAD = {"type": "watch_triggered", "timestamp": "2026-03-01T12:00:00Z", "data": {"explanation": "Ein Käfer."}}
BODY = json.dumps(PAYLOAD, ensure_ascii=False).encode()
SIGNATURE = hmac.new(SECRET.encode(), BODY, hashlib.sha256).hexdigest()
HEADERS = {"X-Trio-Signature": SIGNATURE}


def unwrap(headers: Any = None, body: Any = BODY, secret: Any = SECRET) -> Any:
    return webhooks.unwrap(body, HEADERS if headers is None else headers, secret)


def test_a_signature_is_the_hex_hmac_sha256_of_the_body() -> None:
    assert SIGNATURE == webhooks.sign(BODY, SECRET)
    # RFC 4231, test case 2
    assert "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" == webhooks.sign(
        "what do ya want for nothing?", "Jefe"
    )


def test_a_signed_body_becomes_its_event() -> None:
    event = unwrap()
    assert ("triggered", "webhook", "Ein Käfer.") == (event.kind, event.delivery, event.explanation)
    assert None is webhooks.verify(BODY, HEADERS, SECRET)


class Multi:
    """Headers as some frameworks have them: not a mapping by type, but with items."""

    def items(self) -> list[tuple[str, str]]:
        return [("Accept", "*/*"), ("X-Trio-Signature", SIGNATURE)]


def stdlib_message() -> email.message.Message:
    message = email.message.Message()
    message["Accept"] = "*/*"
    message["X-Trio-Signature"] = SIGNATURE
    return message


@pytest.mark.parametrize(
    "headers",
    [
        {"x-trio-signature": SIGNATURE},
        {"X-TRIO-SIGNATURE": SIGNATURE.upper()},
        {"X-Trio-Signature": f"sha256={SIGNATURE}"},
        {"X-Trio-Signature": f" SHA256={SIGNATURE.upper()} \t"},
        {"X-Trio-Signature": f"sha256= {SIGNATURE}"},
        {"X-Trio-Signature": SIGNATURE.encode()},
        {"X-Trio-Signature": [SIGNATURE]},
        {b"X-Trio-Signature": SIGNATURE.encode()},
        {"HTTP_X_TRIO_SIGNATURE": SIGNATURE, "wsgi.url_scheme": "https", "REQUEST_METHOD": "POST"},
        [(b"host", b"h.example"), (b"x-trio-signature", SIGNATURE.encode())],
        iter([("X-Trio-Signature", SIGNATURE)]),
        Multi(),
        stdlib_message(),
    ],
    ids=lambda headers: type(headers).__name__,
)
def test_the_header_is_found_in_every_shape_and_case(headers: Any) -> None:
    assert "triggered" == unwrap(headers).kind


def test_the_header_may_have_another_name() -> None:
    headers = {"x-hub-signature-256": f"sha256={SIGNATURE}", "X-Trio-Signature": "0" * 64}
    event = webhooks.unwrap(BODY, headers, SECRET, signature_header="X-Hub-Signature-256")
    assert "triggered" == event.kind


@pytest.mark.parametrize("body", [BODY, bytearray(BODY), memoryview(BODY), BODY.decode()])
def test_a_raw_body_may_be_any_kind_of_bytes_or_text(body: Any) -> None:
    assert SIGNATURE == webhooks.sign(body, SECRET)
    assert unwrap(body=body) == webhooks.parse(body)


REJECTED: dict[str, Any] = {
    "no headers": {},
    "another header": {"X-Signature": SIGNATURE},
    "wsgi's content type": {"CONTENT_TYPE": "application/json"},
    "empty": {"X-Trio-Signature": ""},
    "blank": {"X-Trio-Signature": "  "},
    "only the prefix": {"X-Trio-Signature": "sha256="},
    "another prefix": {"X-Trio-Signature": f"sha1={SIGNATURE}"},
    "prefix twice": {"X-Trio-Signature": f"sha256=sha256={SIGNATURE}"},
    "too short": {"X-Trio-Signature": SIGNATURE[:-1]},
    "too long": {"X-Trio-Signature": SIGNATURE + "0"},
    "much too long": {"X-Trio-Signature": "0" * 10_000_000},
    "not hex": {"X-Trio-Signature": "g" * 64},
    "not ASCII": {"X-Trio-Signature": "ä" * 64},
    "not ASCII, but digits": {"X-Trio-Signature": "\u0661" * 64},
    "not text": {"X-Trio-Signature": "\ud800" * 64},
    "latin bytes": {"X-Trio-Signature": b"\xe4" * 64},
    "NUL": {"X-Trio-Signature": "\x00" * 64},
    "blank within": {"X-Trio-Signature": SIGNATURE[:32] + " " + SIGNATURE[32:]},
    "null": {"X-Trio-Signature": None},
    "two in a list": {"X-Trio-Signature": [SIGNATURE, SIGNATURE]},
    "an empty list": {"X-Trio-Signature": []},
    "two in one": {"X-Trio-Signature": f"{SIGNATURE}, {SIGNATURE}"},
    "two headers": [(b"x-trio-signature", SIGNATURE.encode()), (b"X-Trio-Signature", SIGNATURE.encode())],
    "of another body": {"X-Trio-Signature": webhooks.sign(b"{}", SECRET)},
    "of another secret": {"X-Trio-Signature": webhooks.sign(BODY, "other")},
    "first digit off": {"X-Trio-Signature": ("0" if SIGNATURE[0] != "0" else "1") + SIGNATURE[1:]},
    "last digit off": {"X-Trio-Signature": SIGNATURE[:-1] + ("0" if SIGNATURE[-1] != "0" else "1")},
    "all zeros": {"X-Trio-Signature": "0" * 64},
}


@pytest.mark.parametrize("case", REJECTED)
def test_anything_but_a_matching_signature_is_one_error_without_details(case: str) -> None:
    with pytest.raises(WebhookSignatureError) as caught:
        unwrap(REJECTED[case])
    text = str(caught.value)
    assert "X-Trio-Signature" in text
    assert SIGNATURE not in text
    assert SECRET not in text
    assert len(text) < 250


@pytest.mark.parametrize(
    "body",
    [BODY[:-1], BODY + b" ", BODY.replace(b": ", b":"), json.dumps(json.loads(BODY)).encode(), b"", BODY.upper()],
)
def test_a_body_that_was_changed_or_serialised_again_does_not_fit(body: bytes) -> None:
    with pytest.raises(WebhookSignatureError, match="raw bytes received"):
        unwrap(body=body)


@given(st.dictionaries(st.text() | st.just("X-Trio-Signature"), st.text() | st.binary() | st.none()), st.binary())
def test_a_sender_can_cause_only_webhook_errors(headers: dict[str, Any], body: bytes) -> None:
    with pytest.raises(WebhookError):
        webhooks.unwrap(body, headers, SECRET)


@given(st.binary())
def test_a_verified_body_is_an_event_or_a_payload_error(body: bytes) -> None:
    try:
        event = webhooks.unwrap(body, {"X-Trio-Signature": webhooks.sign(body, SECRET)}, SECRET)
    except WebhookPayloadError:
        return
    assert isinstance(json.loads(body), dict)
    assert "webhook" == event.delivery


# secrets


@pytest.mark.parametrize("secrets", [[SECRET], ["old", SECRET], (SECRET, "new"), {SECRET}, iter(["old", SECRET])])
def test_several_secrets_may_hold_while_one_replaces_another(secrets: Any) -> None:
    assert "triggered" == unwrap(secret=secrets).kind


def test_none_of_several_secrets_fits() -> None:
    with pytest.raises(WebhookSignatureError):
        unwrap(secret=["old", "older"])


def test_every_secret_is_tried_also_after_one_that_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[bytes] = []
    compare = hmac.compare_digest

    def note(expected: bytes, received: bytes) -> bool:
        tried.append(expected)
        return compare(expected, received)

    monkeypatch.setattr(hmac, "compare_digest", note)
    unwrap(secret=[SECRET, "a", "b"])
    assert [webhooks.sign(BODY, each).encode() for each in (SECRET, "a", "b")] == tried


@pytest.mark.parametrize("secret", ["", "  ", None, b"secret", [], [""], [SECRET, ""], [None], [b"x"], iter([]), 5])
def test_a_missing_or_empty_secret_is_a_configuration_error_and_never_a_pass(secret: Any) -> None:
    with pytest.raises(ConfigurationError, match="secret"):
        unwrap(secret=secret)


@pytest.mark.parametrize("secret", ["", " ", None])
def test_nothing_is_signed_without_a_secret(secret: Any) -> None:
    with pytest.raises(ConfigurationError):
        webhooks.sign(BODY, secret)


def test_a_secret_may_be_any_text() -> None:
    secret = "geheim — 秘密"
    assert None is webhooks.verify(BODY, {"X-Trio-Signature": webhooks.sign(BODY, secret)}, secret)


# bodies


@pytest.mark.parametrize("body", [PAYLOAD, None, 5, [BODY], object()])
@pytest.mark.parametrize("call", [webhooks.parse, unwrap, lambda body: webhooks.sign(body, SECRET)])
def test_a_parsed_body_is_refused_with_advice(body: Any, call: Any) -> None:
    with pytest.raises(TypeError, match="pass the raw bytes as received"):
        call(body) if call is not unwrap else unwrap(body=body)


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"not JSON", b"\xff", b"{'a': 1}", b"{}{}", b"[" * 100_000, b'{"a":' * 100_000, b"9" * 5000),
        *(b"NaN", b'{"a": Infinity', b'{"a": "\\ud800', "\ud800"),
    ],
    ids=lambda body: str(body[:12]),
)
def test_a_body_that_is_not_json_is_a_payload_error(body: Any) -> None:
    with pytest.raises(WebhookPayloadError, match="not JSON"):
        webhooks.parse(body)


@pytest.mark.parametrize(("body", "kind"), [(b"[1]", "a list"), (b'"x"', "a str"), (b"null", "None"), (b"5", "an int")])
def test_a_body_that_is_no_object_is_a_payload_error_that_says_what_it_is(body: bytes, kind: str) -> None:
    with pytest.raises(WebhookPayloadError, match=f"but {kind}, not an object"):
        webhooks.parse(body)


def test_a_verified_body_that_cannot_be_read_is_another_error_than_an_unverified_one() -> None:
    signed = {"X-Trio-Signature": webhooks.sign(b"not JSON", SECRET)}
    with pytest.raises(WebhookPayloadError):
        unwrap(signed, body=b"not JSON")
    with pytest.raises(WebhookSignatureError):
        unwrap(HEADERS, body=b"not JSON")


LIMIT = 16 * 2**20


@pytest.mark.parametrize(
    "body", [b" " * (LIMIT + 1), " " * (LIMIT + 1), "ä" * (LIMIT // 2 + 1)], ids=["bytes", "str", "utf8"]
)
def test_a_body_over_16_mib_is_refused_before_it_is_hashed_or_parsed(body: Any) -> None:
    for call in (webhooks.parse, lambda body: unwrap(body=body)):
        with pytest.raises(WebhookPayloadError, match=r"the limit is 16,777,216\.$"):
            call(body)


def test_the_size_of_a_memoryview_is_counted_in_bytes() -> None:
    view = memoryview(array.array("Q", bytes(LIMIT + 8)))
    with pytest.raises(WebhookPayloadError, match="16,777,224 bytes"):
        webhooks.parse(view)


def test_a_body_of_exactly_16_mib_is_read() -> None:
    body = b'{"type": "stopped"}' + b" " * (LIMIT - 19)
    assert "stopped" == webhooks.parse(body).kind


def test_an_unknown_type_is_an_event_like_any_other() -> None:
    assert ("unknown", "camera_moved") == ((event := webhooks.parse(b'{"type": "camera_moved"}')).kind, event.name)


def test_the_errors_are_in_one_branch_of_the_tree() -> None:
    assert issubclass(WebhookSignatureError, WebhookError)
    assert issubclass(WebhookPayloadError, WebhookError)
    assert issubclass(WebhookError, TrioError)
    assert not issubclass(WebhookError, RequestValidationError)


def test_headers_are_found_when_python_refuses_to_compare_bytes_and_text() -> None:
    program = """
from trio_client.webhooks import sign, verify
signature = sign(b"{}", "secret")
verify(b"{}", {"X-Trio-Signature": signature}, "secret")
verify(b"{}", {"HTTP_X_TRIO_SIGNATURE": signature}, "secret")
verify(b"{}", [(b"x-trio-signature", signature.encode())], "secret")
"""
    command = [sys.executable, "-bb", "-W", "error", "-c", program]
    assert subprocess.run(command, check=False, capture_output=True, text=True).stderr == ""


@st.composite
def headers_of(draw: st.DrawFn, value: str) -> Any:
    """A signature header as any framework may pass it on."""
    name = "".join(draw(st.sampled_from([each.lower(), each.upper()])) for each in "x-trio-signature")
    prefix = "".join(
        draw(st.sampled_from([each.lower(), each.upper()])) for each in draw(st.sampled_from(["", "sha256="]))
    )
    blanks = st.text(" \t", max_size=2)
    text = draw(blanks) + prefix + draw(blanks) + draw(st.sampled_from([value.lower(), value.upper()])) + draw(blanks)
    content = draw(st.sampled_from([text, text.encode()]))
    pairs = [("Accept", "*/*"), (name, content)]
    shape = draw(st.sampled_from(["dict", "list", "iterator", "bytes", "values in lists", "WSGI"]))
    if shape == "bytes":
        return [(key.encode(), each if isinstance(each, bytes) else each.encode()) for key, each in pairs]
    if shape == "WSGI":
        return {"HTTP_X_TRIO_SIGNATURE": text, "REQUEST_METHOD": "POST"}
    if shape == "values in lists":
        return {name: [content]}
    return {"dict": dict(pairs), "list": pairs, "iterator": iter(pairs)}[shape]


@given(
    st.data(),
    st.binary(),
    st.lists(st.text(min_size=1).filter(lambda text: text.strip() and text[-1] not in "\r\n"), min_size=1, max_size=3),
    st.integers(0, 2),
)
def test_a_signature_fits_in_every_form_and_by_any_of_several_secrets(
    data: st.DataObject, body: bytes, secrets: list[str], index: int
) -> None:
    secrets = [f"{each.strip()}-0123456789abcdef" for each in secrets]
    secret = secrets[index % len(secrets)]
    signature = webhooks.sign(body, secret)
    webhooks.verify(body, data.draw(headers_of(signature)), secrets)
    place = data.draw(st.integers(0, 63))
    other = data.draw(st.sampled_from("0123456789abcdef").filter(lambda each: each != signature[place]))
    with pytest.raises(WebhookSignatureError):
        webhooks.verify(body, data.draw(headers_of(signature[:place] + other + signature[place + 1 :])), secrets)


def test_threads_verify_different_bodies_with_one_secret() -> None:
    bodies = [b"{%d}" % number * 1000 for number in range(50)]  # long enough for the digest to release the lock
    signed = [(body, hmac.new(b"shared", body, "sha256").hexdigest()) for body in bodies]

    def verify_all(_: int) -> int:
        for body, signature in signed:
            webhooks.verify(body, {"X-Trio-Signature": signature}, ["other", "shared"])
        return len(signed)

    with ThreadPoolExecutor(8) as threads:
        assert [*threads.map(verify_all, range(16))] == [50] * 16
