"""Secrets, camera passwords and control characters stay out of every text that people or logs may see."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_client import ClientConfig, Target, events, models
from trio_client._core.call import prepare
from trio_client._core.config import Settings
from trio_client._core.endpoints import prepare_stream
from trio_client._core.secret import Secret
from trio_client._redaction import is_secret_name, mask, presentable, preview, quoted, url_secrets
from trio_client.events._card import card

MASKED = [
    "rtsp://user:secret@cam/1",
    "rtsp://user:s@cret@cam/1",
    "rtsp://user:se/cret@cam/1",
    "rtsp://user:se:cret@cam/1",
    "rtsp://user:s@c:r@cam/1",
    "rtsp://user:s/c@r/et@cam/1",
    "rtsp://user:se?cr#et@cam/1",
    "rtsp://user:it's'secret@cam/1",
    'rtsp://user:se"cret@cam/1',
    "rtsp://user:se%2Fcret%40@cam/1",
    "rtsp://secret@cam/1",
    "rtsp://:secret@cam/1",
    "rtsp://us-er:123456789/secret@cam/1",
    "RTSPS://user:secret@cam/1",
    "rtsp://admin:12/secret@cam/1",
    "rtsp://admin:554/secret@cam/1",
    "rtsp://admin:99?secret@cam/1",
    "rtsp://admin:<secret>@cam/1",
    "rtsp://admin:secret',@cam/1",
    'rtsp://admin:secret","b":"@cam/1',
    "rtsp://admin:a://secret@cam/1",
    "rtsp://admin:/secret@cam/1",
    "rtsp://admin%3Asecret%40cam/1",
]
UNTOUCHED = [
    "https://youtube.com/@channel",
    "https://youtube.com/watch?v=a@b",
    "https://www.youtube.com/watch?v=dQw4w9WgXcQ&list=PL1&index=2",
    "https://youtu.be/dQw4w9WgXcQ?si=x-y_z&t=10",
    "https://www.youtube.com/live/dQw4w9WgXcQ",
    "rtsp://cam:554/stream",
    "rtsp://cam/Streaming/Channels/101?transportmode=unicast&profile=Profile_1",
    "rtsp://cam/keyframes/monkey=1&authors=2&passenger=3&signal=4",
    "rtsp://cam/1, ask ops@example.com",
    '{"url": "rtsp://cam:554", "mail": "ops@example.com"}',
    "{'url': 'rtsp://cam:554', 'mail': 'ops@example.com'}",
    "no address at all: a@b",
    "at 10:35 a@b, token=x",
    "Pass secret=..., or unsigned=True",
    "",
]
SECRET_WORDS = [
    "token", "key", "apikey", "password", "passwd", "passphrase", "pass", "pwd",
    "auth", "authorization", "secret", "sig", "signature", "credential",
]  # fmt: skip


@pytest.mark.parametrize("is_url", [False, True])
@pytest.mark.parametrize("url", MASKED)
def test_the_userinfo_of_a_url_is_masked_whatever_the_password_holds(url: str, is_url: bool) -> None:
    scheme = url.partition("://")[0]
    at = "%40" if "%40cam" in url else "@"
    assert mask(url, is_url=is_url) == f"{scheme}://***{at}cam/1"


@pytest.mark.parametrize("text", UNTOUCHED)
def test_text_without_credentials_is_left_alone(text: str) -> None:
    assert mask(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "https://www.youtube.com:443/@channel/live",
        "http://127.0.0.1:8080?mail=a@b.c",
        "rtsp://cam:554/stream@2",
        '{"url":"rtsp://cam","mail":"ops@example.com"}',
    ],
)
def test_what_could_be_a_password_is_masked_even_where_it_could_be_a_port_and_a_path(text: str) -> None:
    scheme, _, rest = text.partition("://")
    assert mask(text) == f"{scheme}://***@{rest.rpartition('@')[2]}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"rtsp:\/\/u:pw@cam\/1", r"rtsp:\/\/***@cam\/1"),
        ("rtsp:/u:pw@cam/1", "rtsp:/***@cam/1"),
        ("rtsp:///u:pw@cam/1", "rtsp:///***@cam/1"),
        ("http://h/api?src=rtsp%3A%2F%2Fadmin%3Apw%40cam%2F1", "http://h/api?src=rtsp%3A%2F%2F***%40cam%2F1"),
        ("http://h/api?src=rtsp%3A//admin%3Apw%40cam/1", "http://h/api?src=rtsp%3A//***%40cam/1"),
        ("http://h/api?src=rtsp://admin:pw@cam/1", "http://h/api?src=rtsp://***@cam/1"),
        ("http://h:1/api?src=rtsp%253A%252F%252Fa%253Apw%2540cam", "http://h:1/api?src=rtsp%253A%252F%252F***%2540cam"),
        ("http://h/?to=http%3A%2F%2Fx%2F%3Ftoken%3Da%2526b%26v%3D1&n=1", "http://h/?to=http%3A%2F%2Fx%2F%3Ftoken%3D***%26v%3D1&n=1"),
        ("rtsp://cam/user=admin&password=pw&channel=1&stream=0.sdp", "rtsp://cam/user=admin&password=***&channel=1&stream=0.sdp"),
        ("rtsp://cam/user=admin_password=pw_channel=1", "rtsp://cam/user=admin_password=***"),
        ("https://h/hook#token=a&v=1", "https://h/hook#token=***&v=1"),
        ("https://h/?api%5Fkey=a&p%61ssword=b", "https://h/?api%5Fkey=***&p%61ssword=***"),
        ("https://h/?password=a;b/c#d", "https://h/?password=***"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("is_url", [False, True])
def test_nested_encoded_and_escaped_forms_are_masked(text: str, expected: str, is_url: bool) -> None:
    assert mask(text, is_url=is_url) == expected
    assert is_url or mask(f"a GET of {text} failed") == f"a GET of {expected} failed"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("u:pw@cam/1", "***@cam/1"),
        ("//u:pw@cam/1", "//***@cam/1"),
        ("u@cam", "***@cam"),
        ("u:p w@cam/1", "***@cam/1"),
        (" rtsp://u:p w\n@cam/1", " rtsp://***@cam/1"),
        ("cam:554/a?password=b c", "cam:554/a?password=***"),
        ("cam/api?src=rtsp://u:pw@x", "cam/api?src=rtsp://***@x"),
    ],
)
def test_in_a_field_for_a_url_the_scheme_may_be_missing_and_blanks_belong_to_the_url(url: str, expected: str) -> None:
    assert mask(url, is_url=True) == expected


@pytest.mark.parametrize("word", SECRET_WORDS)
@pytest.mark.parametrize("form", ["{}", "X-Amz-{}", "access_{}", "my.{}", "{}_v2", "{}1", "auth[{}]"])
def test_a_parameter_is_secret_if_a_word_of_its_name_is(word: str, form: str) -> None:
    for name in (form.format(word), form.format(word.title()), form.format(word).upper()):
        assert mask(f"https://h/?a=1&{name}=planted&b=2") == f"https://h/?a=1&{name}=***&b=2"


@pytest.mark.parametrize(
    "name", ["accessToken", "APIKey", "APIkey", "RTSPpassword", "PASSword", "apiKey", "clientSecretValue", "userPWD"]
)
def test_names_are_split_into_words_at_capital_letters(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["tokens", "monkey", "keyframe", "author", "bypass", "signal", "v", ""])
def test_a_word_that_only_holds_a_secret_word_is_not_secret(name: str) -> None:
    assert not is_secret_name(name)


SCHEMES = st.sampled_from(["rtsp", "RTSP", "rtsps", "http", "https", "rtmp"])
HOSTS = st.sampled_from(["cam", "cam.example", "192.168.0.9", "cam:554", "[fe80::1]:554"])
PATHS = st.sampled_from(["", "/", "/1", "/live/main.sdp", "/a/b?v=1&w=2", "/Streaming/Channels/101"])
PLANTED = "pLaNtEd"


@st.composite
def passwords(draw: st.DrawFn, blanks: bool) -> str:
    """Any text around a planted one."""
    exclude: tuple[Any, ...] = ("Cs",) if blanks else ("Cs", "Z", "Cc")
    around = st.text(st.characters(exclude_categories=exclude, codec="utf-8"), max_size=8)
    likely = st.sampled_from(["", "12/", "99?", "@", "://", "',\"", "<>", "#", "&", "=", ":", "%", "%40", "/@/"])
    return draw(likely) + draw(around) + PLANTED + draw(around) + draw(likely)


FORMS: dict[str, Callable[[str], str]] = {
    "plain": lambda url: url,
    "JSON with escaped slashes": lambda url: url.replace("/", "\\/"),
    "one slash": lambda url: url.replace("://", ":/", 1),
    "percent-encoded": lambda url: quote(url, safe=""),
    "percent-encoded but for slashes": quote,
    "nested": lambda url: "http://relay/api?src=" + quote(url, safe=""),
    "nested with a port": lambda url: "http://relay:1984/api?src=" + quote(url, safe="") + "&x=1",
    "nested twice": lambda url: "http://a/?to=" + quote("http://b/?src=" + quote(url, safe=""), safe=""),
    "nested and not encoded": lambda url: "http://relay/api?src=" + url,
}


@given(SCHEMES, st.sampled_from(["u", "", "ad.min", "us-er"]), passwords(blanks=True), HOSTS, PATHS)
def test_no_password_is_shown_of_a_field_that_holds_a_url(
    scheme: str, user: str, password: str, host: str, path: str
) -> None:
    url = f"{scheme}://{user}:{password}@{host}{path}"
    for form in FORMS.values():
        assert PLANTED not in mask(form(url), is_url=True)
    for start in ("", "//"):
        assert PLANTED not in mask(f"{start}{user}:{password}@{host}{path}", is_url=True)
    assert PLANTED not in mask(f"the server says {url!s}", url_secrets(url))


@given(SCHEMES, st.sampled_from(["u", "", "ad.min", "us-er"]), passwords(blanks=False), HOSTS, PATHS)
def test_no_password_without_blanks_is_shown_of_running_text(
    scheme: str, user: str, password: str, host: str, path: str
) -> None:
    url = f"{scheme}://{user}:{password}@{host}{path}"
    for form in FORMS.values():
        assert PLANTED not in mask(f"no stream at {form(url)}: it is dark")
        assert PLANTED not in mask(f'{{"stream_url": "{form(url)}"}}')


@given(SCHEMES, HOSTS, st.sampled_from(SECRET_WORDS), passwords(blanks=False), st.sampled_from("?#/"))
def test_no_secret_parameter_is_shown(scheme: str, host: str, name: str, value: str, before: str) -> None:
    url = f"{scheme}://{host}/a{before}user=admin&{name}={value.replace('&', '')}&channel=1"
    for form in FORMS.values():
        assert PLANTED not in mask(form(url), is_url=True)
        assert PLANTED not in mask(f"no stream at {form(url)}: it is dark")


@given(
    SCHEMES,
    st.sampled_from(["u", "ad.min"]),
    st.from_regex(r"[A-Za-z0-9._~!$*,;-]{1,12}", fullmatch=True),
    HOSTS,
    PATHS,
)
def test_the_host_and_the_path_stay_readable(scheme: str, user: str, password: str, host: str, path: str) -> None:
    for is_url in (False, True):
        assert mask(f"{scheme}://{user}:{password}@{host}{path}", is_url=is_url) == f"{scheme}://***@{host}{path}"
        assert mask(f"{scheme}://{host}{path}", is_url=is_url) == f"{scheme}://{host}{path}"


@given(st.text(st.sampled_from("ab:/@?#&=%\\ 3AF2540")), st.booleans())
def test_what_is_masked_once_stays_as_it_is(text: str, is_url: bool) -> None:
    once = mask(text, is_url=is_url)
    assert mask(once, is_url=is_url) == once


def test_every_url_of_a_text_is_masked() -> None:
    text = "from rtsp://a:b@c/1 to [rtsp://d:e@f/2], not https://x.y/@z or 'rtsp://g:h@i/3'"
    assert mask(text) == "from rtsp://***@c/1 to [rtsp://***@f/2], not https://x.y/@z or 'rtsp://***@i/3'"


def test_given_secrets_are_masked_wherever_they_are() -> None:
    assert mask("Bearer k-123, k-123!", ["k-123", ""]) == "Bearer ***, ***!"


def test_the_secrets_of_a_url_are_its_userinfo_and_its_secret_parameters() -> None:
    found = url_secrets("rtsp://u:p%40w@cam/user=admin&password=pw2&channel=1")
    assert set(found) == {"u:p%40w", "u:p@w", "p%40w", "p@w", "pw2"}


@pytest.mark.parametrize("is_url", [False, True])
@pytest.mark.parametrize(
    "unit",
    ["://a:", "://", "://a@", "://a:b/", "a@", "@://'", "?", "&key=", "%3A%2F", "%25", ":/%2F", "%3A/a:b", "a =@"],
)
def test_masking_takes_linear_time(unit: str, is_url: bool) -> None:
    def seconds(size: int) -> float:
        text = unit * (size // len(unit)) + "@"
        began = time.process_time()
        mask(text, is_url=is_url)
        return time.process_time() - began

    assert seconds(200_000) < 2


@given(st.text(), st.lists(st.text(min_size=1, max_size=5), max_size=2), st.integers(1, 50))
def test_a_preview_is_printable_and_never_longer_than_its_limit(text: str, secrets: list[str], limit: int) -> None:
    shown = preview(text, secrets, limit=limit)
    assert len(shown) <= limit
    assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 or 0xD800 <= ord(char) < 0xE000 for char in shown)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\r\nb\tc", r"a\r\nb\tc"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\x00\x7f\x9b", r"\x00\x7f\x9b"),
        ("line\u2028paragraph\u2029", r"line\u2028paragraph\u2029"),
        ("half \ud800", r"half \ud800"),
        ("Grüße, 東京", "Grüße, 東京"),
    ],
)
def test_control_characters_are_escaped_and_letters_are_not(text: str, shown: str) -> None:
    assert preview(text) == shown


def test_a_preview_ends_in_an_ellipsis_where_it_was_cut() -> None:
    assert preview("abcdefgh", limit=5) == "abcd…"


def test_nothing_of_a_password_that_begins_before_the_cut_is_shown() -> None:
    assert preview("x" * 190 + " rtsp://user:secret@cam/1", limit=200) == "x" * 190 + " rtsp://*…"
    for length in (300, 3_000, 300_000):
        url = "rtsp://user:" + "secret" * length + "@cam/1"
        for text in (preview(url, limit=40), preview(url, limit=40, is_url=True), repr(presentable(url))):
            assert "secret" not in text


def test_a_quoted_value_is_masked_as_the_field_it_is_of() -> None:
    assert quoted("rtsp://u:p w'@cam/1", "stream_url") == "'rtsp://***@cam/1'"
    assert quoted("at 10:35 a@b", "condition") == "'at 10:35 a@b'"
    assert quoted(["a\n"], "condition") == r"['a\n']"


@pytest.mark.parametrize("known", [("live", "sk-live-0123456789"), ("sk-live-0123456789", "live")])
def test_a_secret_within_another_shows_no_rest_of_it(known: tuple[str, str]) -> None:
    assert mask("echo sk-live-0123456789, live", known) == "echo ***, ***"
    assert preview("echo sk-live-0123456789", known) == "echo ***"


def test_presentable_masks_and_cuts_inside_of_objects_and_arrays() -> None:
    value = {"urls": ["rtsp://u:p@cam/1", "u:p w@cam"], "frame": "x" * 1_000_000, "n": 1, "none": None}
    assert presentable(value) == {
        "urls": ["rtsp://***@cam/1", "***@cam"],
        "frame": "x" * 40 + "… (1,000,000 characters)",
        "n": 1,
        "none": None,
    }


def test_presentable_cuts_what_is_long_in_any_way() -> None:
    value = {"keys": {str(n): n for n in range(1000)}, "items": list(range(1000)), "number": 10**5000, "k" * 5000: 1}
    assert len(repr(presentable(value))) < 3000
    assert presentable({"number": 10**5000})["number"] == "… (a number of 16,610 bits)"


CAMERA = "rtsp://admin:12/planted pw'@cam/user=admin&password=planted&channel=1"
HOOK = "https://hooks.example/in?access_token=planted&v=1"
SHOWN = {
    "an event": repr(events.from_payload({"type": "started", "job_id": "a", "stream_url": CAMERA})),
    "an event's card": card("started", {"stream_url": CAMERA, "reason": f"no stream at {HOOK}"}),
    "a job": repr(models.Job.model_validate({"job_id": "a", "status": "running", "stream_url": CAMERA})),
    "a job's unknown fields": repr(models.Job.model_validate({"job_id": "a", "status": "b", "hook": {"url": HOOK}})),
    "a target": repr(Target(CAMERA, "a van")),
    "a configuration": repr(ClientConfig(base_url=HOOK, default_headers={"X-Camera-Auth": "planted", "a": "b"})),
    "a request": prepare(prepare_stream(CAMERA), Settings("https://api.example", Secret("k")), None).shown_url,
}


@pytest.mark.parametrize("what", SHOWN)
def test_what_is_shown_of_an_object_holds_no_secret(what: str) -> None:
    assert "planted" not in SHOWN[what]
    assert "***" in SHOWN[what]


@pytest.mark.parametrize("name", ["Authorization", "X-API-Key", "Cookie", "Set-Cookie", "x-amz-signature", "X-Auth"])
def test_headers_with_a_secret_name_are_masked_and_others_are_not(name: str) -> None:
    shown = repr(ClientConfig(default_headers={name: "planted", "X-Site": "gate 4"}))
    assert f"default_headers={{'{name}': '***', 'X-Site': 'gate 4'}}" in shown


def test_names_that_a_server_made_up_are_cut_and_printable() -> None:
    job = models.Job.model_validate(
        {"job_id": "x\n2026 forged line \x1b]52;", "status": "s" * 200_000, "a\nb" * 9999: 1}
    )
    shown = repr(job)
    assert shown.isprintable()
    assert len(shown) < 500
