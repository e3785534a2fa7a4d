"""Settings are checked once, and no message ever quotes the key."""

from __future__ import annotations

import copy
import logging
import pickle
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_client import AsyncTrioClient, TrioClient
from trio_client._core.config import (
    DEFAULT_BASE_URL,
    RetryPolicy,
    Timeout,
    clean_base_url,
    clean_headers,
    configure_logging,
)
from trio_client._core.secret import Secret, clean_api_key, clean_key
from trio_client.errors import ConfigurationError

KEY = "trio-0123456789abcdef"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TRIO_API_KEY", "TRIO_BASE_URL", "TRIO_LOG"):
        monkeypatch.delenv(name, raising=False)


# keys


@pytest.mark.parametrize("sent", [KEY, f"  {KEY}\n", f"\t{KEY}\r\n"])
def test_a_key_is_stripped(sent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert KEY == clean_key(sent, "TRIO_API_KEY", "api_key").reveal()
    monkeypatch.setenv("TRIO_API_KEY", sent)
    assert KEY == clean_key(None, "TRIO_API_KEY", "api_key").reveal()


def test_the_argument_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIO_API_KEY", "other")
    assert KEY == clean_key(KEY, "TRIO_API_KEY", "api_key").reveal()


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        (f"{KEY}\nX-Evil: 1", r"U\+000A"),
        (f"{KEY}\x00{KEY}", r"U\+0000"),
        (f"{KEY} {KEY}", r"U\+0020"),
        (f"{KEY}é", r"U\+00E9"),
        (f"{KEY}\u200b", r"U\+200B"),
        (f"{KEY}\ud800", r"U\+D800"),
        (f'"{KEY}"', "quotation marks"),
        (f"'{KEY}'", "quotation marks"),
        (f"{KEY}'", "quotation marks"),
        (f"Bearer {KEY}", "Bearer"),
        (f"bearer {KEY}", "Bearer"),
        ("", "is empty"),
        (" \n", "is empty"),
        (KEY.encode(), "must be a str"),
    ],
)
def test_a_key_no_header_can_carry_is_refused_without_quoting_it(key: Any, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem) as caught:
        clean_key(key, "TRIO_API_KEY", "api_key")
    assert "api_key=" in str(caught.value)
    assert KEY not in str(caught.value) + repr(caught.value)
    assert None is caught.value.__cause__


def test_a_bad_key_from_the_environment_is_blamed_on_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIO_API_KEY", "  ")
    with pytest.raises(ConfigurationError, match=r"^TRIO_API_KEY is empty"):
        clean_key(None, "TRIO_API_KEY", "api_key")


def test_a_missing_key_says_where_to_put_one_and_where_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRIO_API_KEY", raising=False)
    with pytest.raises(ConfigurationError) as caught:
        clean_api_key(None)
    assert str(caught.value) == (
        "No API key. Pass api_key=, or set the environment variable TRIO_API_KEY. "
        "Keys are made at https://console.machinefi.com; trio_client.stub.StubServer accepts any."
    )


def test_a_secret_is_in_no_text_and_in_no_pickle() -> None:
    secret = Secret(KEY)
    assert KEY not in f"{secret} {secret!r} {[secret]}"
    assert not hasattr(secret, "__dict__")
    for copied in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="ClientConfig"):
            copied(secret)


# base URLs


def base_url(url: str | None, *, allow_plain_http: bool = False) -> str:
    return clean_base_url(url, "TRIO_BASE_URL", DEFAULT_BASE_URL, allow_plain_http=allow_plain_http)


def test_the_default_is_the_documented_address() -> None:
    assert "https://trio.machinefi.com/api" == base_url(None)


@pytest.mark.parametrize("value", ["https://other.example/api/", ""])
def test_the_environment_names_another_address_unless_it_is_empty(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIO_BASE_URL", value)
    assert (value.rstrip("/") or DEFAULT_BASE_URL) == base_url(None)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://trio.machinefi.com", "https://trio.machinefi.com"),
        ("https://trio.machinefi.com/", "https://trio.machinefi.com"),
        ("https://trio.machinefi.com/api///", "https://trio.machinefi.com/api"),
        ("https://proxy.example:8443/a/b/api", "https://proxy.example:8443/a/b/api"),
        ("  https://trio.machinefi.com/api\n", "https://trio.machinefi.com/api"),
        ("HTTPS://trio.machinefi.com/api", "HTTPS://trio.machinefi.com/api"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://127.0.0.1:8000/api", "http://127.0.0.1:8000/api"),
        ("http://127.8.8.8", "http://127.8.8.8"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_a_good_base_url_keeps_its_path_and_loses_its_slashes(url: str, expected: str) -> None:
    assert expected == base_url(url)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("https://user:secret@trio.machinefi.com", "credentials"),
        ("https://secret@trio.machinefi.com", "credentials"),
        ("https://@trio.machinefi.com", "credentials"),
        ("https://user:se/cret@trio.machinefi.com", "not a URL"),
        ("https://user:se\u2100cret@trio.machinefi.com", "not a URL"),
        ("https://trio.machinefi.com/api?key=secret", "query or fragment"),
        ("https://trio.machinefi.com/api?", "query or fragment"),
        ("https://trio.machinefi.com/api#secret", "query or fragment"),
        ("https://trio.machinefi.com/api#", "query or fragment"),
        ("trio.machinefi.com/api", "must begin with https://"),
        ("//trio.machinefi.com/api", "must begin with https://"),
        ("/api", "must begin with https://"),
        ("ftp://trio.machinefi.com", "must begin with https://"),
        ("file:///etc/passwd", "must begin with https://"),
        ("https://", "must begin with https://"),
        ("https:///api", "must begin with https://"),
        ("https://trio.machinefi.com:99999", "not a URL"),
        ("https://trio.machinefi.com:http", "not a URL"),
        ("https://trio.machinefi.com:0", "characters"),
        ("https://[::1", "not a URL"),
        ("https://trio.machine fi.com", "characters"),
        ("https://trio.machinefi.com/a\nb", "characters"),
        ("https://trio.machinefi.com\\@evil.example", "characters|credentials|not a URL"),
        ("https://trio.machinefi.com/äpi", "characters"),
        ("http://trio.machinefi.com/api", "unencrypted"),
        ("http://localhost.evil.example", "unencrypted"),
        ("http://api.localhost/api", "unencrypted"),
        ("http://127.0.0.1.evil.example", "unencrypted"),
        ("http://10.0.0.1", "unencrypted"),
        ("http://0.0.0.0", "unencrypted"),
    ],
)
def test_a_base_url_that_would_lose_or_leak_something_is_refused(url: str, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem) as caught:
        base_url(url)
    text = str(caught.value)
    assert text.startswith("base_url ")
    assert "cret" not in text
    assert text.isprintable()


def test_plain_http_to_another_machine_must_be_asked_for() -> None:
    assert "http://10.0.0.1/api" == base_url("http://10.0.0.1/api", allow_plain_http=True)
    with pytest.raises(ConfigurationError, match="credentials"):
        base_url("http://a:b@10.0.0.1", allow_plain_http=True)


# headers


def test_header_names_are_folded_and_values_are_stripped() -> None:
    assert {"x-team": "blue", "x-empty": ""} == clean_headers({"X-Team": " blue\t", "x-empty": ""}, "default_headers")
    assert {} == clean_headers(None, "default_headers")


@pytest.mark.parametrize("name", ["Authorization", "host", "Content-Length", "transfer-encoding", "CONNECTION"])
def test_headers_the_client_sets_itself_are_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"extra_headers sets '{name}'"):
        clean_headers({name: "x"}, "extra_headers")


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a\nb", "ä", "a\x00"])
def test_what_is_no_header_name_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="not a header name"):
        clean_headers({name: "x"}, "extra_headers")


@pytest.mark.parametrize("value", ["secret\r\nX-Evil: 1", "secret\n", "secret\x00", "secreté", 5, None, b"secret"])
def test_a_header_value_that_is_not_one_printable_line_is_refused_without_quoting_it(value: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"extra_headers\['X-A'\]") as caught:
        clean_headers({"X-A": value}, "extra_headers")
    assert "secret" not in str(caught.value)


# numbers


def test_a_number_is_a_timeout_for_each_part() -> None:
    assert Timeout(connect=7, pool=7, response=7) == Timeout.of(7)
    assert Timeout(connect=1) == Timeout.of(Timeout(connect=1))
    assert (5, 10, 60) == (Timeout().connect, Timeout().pool, Timeout().response)


@pytest.mark.parametrize("value", [0, -1, float("nan"), True, "5", None])
def test_a_timeout_is_a_positive_number(value: Any) -> None:
    with pytest.raises(ConfigurationError, match="positive number of seconds"):
        Timeout.of(value)
    with pytest.raises(ConfigurationError, match=r"^Timeout\.pool is"):
        Timeout(pool=value)


def test_the_default_policy_is_the_documented_one() -> None:
    policy = RetryPolicy()
    assert (3, 120, 15, 0.5, 8, 60, False) == (
        policy.max_attempts,
        policy.deadline,
        policy.reconcile_for,
        policy.base_delay,
        policy.max_delay,
        policy.max_retry_after,
        policy.retry_billed,
    )
    assert RetryPolicy(max_attempts=1) == RetryPolicy.of(None)
    assert policy is RetryPolicy.of(policy)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_attempts", 0),
        ("max_attempts", 2.5),
        ("max_attempts", "3"),
        ("deadline", 0),
        ("deadline", float("nan")),
        ("reconcile_for", -1),
        ("base_delay", -0.1),
        ("max_delay", float("nan")),
        ("max_retry_after", "60"),
    ],
)
def test_a_policy_names_what_is_wrong_with_it(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=rf"^RetryPolicy\.{name} is "):
        RetryPolicy().with_changes(**{name: value})


# logging


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    logger = logging.getLogger("trio_client")
    before = logger.level, list(logger.handlers)
    yield logger
    logger.setLevel(before[0])
    logger.handlers = before[1]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"retry": 3}, r"retry is 3; it must be a RetryPolicy"),
        ({"retry": False}, r"retry is False"),
        ({"hooks": print}, r"hooks is <built-in function print>; it must be Hooks"),
        ({"default_headers": "x"}, r"default_headers is a str; it must be a mapping"),
        ({"http_client": "x"}, r"http_client is str; it must be an httpx"),
        ({"http_client": httpx.Client}, r"http_client is type Client"),
    ],
)
@pytest.mark.parametrize("kind", [TrioClient, AsyncTrioClient])
def test_an_argument_of_another_kind_is_refused_at_once(kind: Any, arguments: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        kind("key", **arguments)


def test_a_client_of_the_other_side_is_refused_at_once() -> None:
    with pytest.raises(ConfigurationError, match=r"http_client is AsyncClient; it must be an httpx\.Client"):
        TrioClient("key", http_client=httpx.AsyncClient())
    with httpx.Client() as client, pytest.raises(ConfigurationError, match=r"Client; it must be an httpx\.AsyncClient"):
        AsyncTrioClient("key", http_client=client)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(("value", "level"), [("debug", logging.DEBUG), (" INFO ", logging.INFO)])
def test_a_variable_turns_the_logger_on(
    value: str, level: int, monkeypatch: pytest.MonkeyPatch, logger: logging.Logger
) -> None:
    monkeypatch.setenv("TRIO_LOG", value)
    configure_logging()
    assert level == logger.level


def test_an_unknown_log_level_is_refused(monkeypatch: pytest.MonkeyPatch, logger: logging.Logger) -> None:
    monkeypatch.setenv("TRIO_LOG", "loud")
    with pytest.raises(ConfigurationError, match="TRIO_LOG is 'loud'"):
        configure_logging()


HOSTS = ["trio.machinefi.com", "10.0.0.1", "0.0.0.0", "localhost", "127.0.0.1", "[::1]", "api.localhost", "localhost.x"]
PARTS = st.tuples(
    st.sampled_from(["https", "http", "HTTP", "ftp", ""]),
    st.sampled_from(["", "planted-pw@", "u:planted-pw@", "u:planted/pw@", "@"]),
    st.sampled_from(HOSTS),
    st.sampled_from(["", ":443", ":8000", ":0", ":99999", ":x"]),
    st.sampled_from(["", "/", "/api", "/api//", "/a/b", "/../api", "/a b", "\\\\x"]),
    st.sampled_from(["", "?", "?k=planted-pw", "#planted-pw", "\r\nx: y"]),
)


@given(PARTS, st.booleans())
def test_a_base_url_is_refused_or_leads_to_its_host_with_nothing_lost(parts: tuple[str, ...], plain: bool) -> None:
    scheme, userinfo, host, port, path, rest = parts
    url, text = f"{scheme}://{userinfo}{host}{port}{path}{rest}", ""
    try:
        found: str | None = base_url(url, allow_plain_http=plain)
    except ConfigurationError as error:
        found, text = None, str(error) + repr(error)
    if found is None:
        assert "planted" not in text
        assert text.isprintable()
        return
    assert (userinfo, rest.strip()) == ("", "")
    split = urlsplit(found)
    assert (split.scheme, split.netloc) == (scheme.lower(), f"{host}{port}")
    assert split.path == path.rstrip("/")
    assert plain or scheme == "https" or host in ("localhost", "127.0.0.1", "[::1]")
