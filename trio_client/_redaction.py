"""Keep secrets and pictures out of every text that people or logs may see."""

from __future__ import annotations

import math
import re
import threading
import weakref
from collections.abc import Container, Iterable
from typing import Any, Protocol, TypeAlias
from urllib.parse import unquote

from ._json import as_array, as_object

__all__ = [
    "MASK",
    "is_secret_name",
    "is_url_name",
    "kind_of",
    "know",
    "known_keys",
    "legible",
    "mask",
    "masked",
    "presentable",
    "preview",
    "quoted",
    "shown",
    "url_secrets",
]

MASK = "***"
_MIN_SECRET = 4  # masking shorter ones would spoil every other word, and protect nothing
_MAX_SHOWN = 200
_MAX_NAME = 100  # of an id, a status or a reason within a text
_MAX_TEXT = 4000  # of a whole message
_MAX_ITEMS = 100
_MAX_NUMBER = 10**40
_MAX_USERINFO = 4096  # of a long text, this much more than is shown is searched
_SECRET_WORDS = frozenset(
    (
        *("token", "key", "apikey", "secret", "credential", "auth", "authorization", "sig", "signature"),
        *("password", "passwd", "passphrase", "pass", "pwd"),
    )
)
_URL_WORDS = frozenset(("url", "urls", "uri", "uris"))
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_LETTERS = re.compile(r"[A-Z]*([a-z]*)")
_RUN = re.compile(r"\S+")
# An unknown word before a colon may as well be a user's name.
_SCHEME = re.compile(r"\s*(?:https?|rtsp[su]?|rtmp[est]*|rtp|srt|udp|tcp|wss?|ftps?|file|mms|onvif)", re.IGNORECASE)
_LEADING = re.compile(r"\s*/*")
# What gives a URL its structure, as it is and percent-encoded once or more often.
_DELIMITER = re.compile(r"%(?:25)*(?:3[aA]|2[fF]|3[fF]|23|40|26|3[dD]|5[cC])|[:/?#@&=\\]")
_ENCODED = {"3A": ":", "2F": "/", "3F": "?", "23": "#", "40": "@", "26": "&", "3D": "=", "5C": "\\"}
_MAX_LEVEL = 3  # deeper encodings are treated alike


_Delimiter: TypeAlias = tuple[str, int, int, int]  # the character, how often it is percent-encoded, start, end


def mask(text: str, secrets: Iterable[str] = (), *, is_url: bool = False) -> str:
    """Return `text` without the credentials of URLs and without the given secrets.

    Userinfo and the values of secret parameters are masked, also where they are percent-encoded or in a URL within
    another. Where a text can be read with or without a secret, it is masked.

    Args:
        text: running text, in which a blank ends a URL, or one URL.
        secrets: what else must not appear.
        is_url: whether the text is one URL: then blanks do not end it, and it may come without a scheme.
    """
    text = _hide(text, secrets)
    if "@" not in text and "=" not in text and "%" not in text:
        return text
    return _masked(text, is_url=True) if is_url else _RUN.sub(lambda run: _masked(run[0], is_url=False), text)


def url_secrets(url: str) -> list[str]:
    """Return what must not be shown of a URL: its userinfo, the password alone, and secret parameters."""
    found: list[str] = []
    for start, end in _secret_spans(url, is_url=True):
        part = url[start:end]
        password = part.partition(":")[2]
        found += [each for each in (part, unquote(part), password, unquote(password)) if each]
    return found


def is_secret_name(name: str) -> bool:
    """Whether a parameter or header of this name holds a secret: one of the words in its name says so."""
    return not _SECRET_WORDS.isdisjoint(_words(name))


def is_url_name(name: str) -> bool:
    """Whether a field of this name holds a URL."""
    return not _URL_WORDS.isdisjoint(_words(name))


def preview(text: str, secrets: Iterable[str] = (), *, limit: int = _MAX_SHOWN, is_url: bool = False) -> str:
    """Return the start of a foreign text: masked, printable, at most `limit` characters long."""
    return legible(_mask_start(_hide(text, secrets), limit, is_url=is_url), limit=limit)


def legible(text: str, *, limit: int = _MAX_TEXT) -> str:
    """Return the start of a text, printable: terminal escapes and line breaks must not reach a log or a terminal."""
    if not text.isprintable():
        text = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text[: limit + 1])
    return text if len(text) <= limit else text[: limit - 1] + "…"


def shown(value: object) -> str:
    """Return what a server wrote, such as an id, a status or a reason, as a text may repeat it."""
    return preview(str(value), known_keys(), limit=_MAX_NAME)


def quoted(value: Any, field: str, *, limit: int = _MAX_SHOWN) -> str:
    """Return the start of a field's value as Python would write it, masked."""
    if isinstance(value, str):
        value = _mask_start(value, limit, is_url=is_url_name(field))
    return preview(repr(value), known_keys(), limit=limit)


def kind_of(value: object) -> str:
    """Return what kind of value it is, as a message names it: None, an int, a str."""
    if value is None:
        return "None"
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def presentable(value: Any, name: str = "") -> Any:
    """Return a copy of a JSON-like value for `repr`: credentials masked, long texts and numbers cut.

    Args:
        value: the value.
        name: the field it is in, which decides whether its text is a URL.
    """
    if isinstance(value, str):
        text = _mask_start(_hide(value, known_keys()), _MAX_SHOWN, is_url=is_url_name(name))
        return text if len(text) <= _MAX_SHOWN else f"{text[:40]}… ({len(value):,} characters)"
    if isinstance(value, dict):
        items = list(as_object(value).items())
        shown = {presentable(key): presentable(item, str(key)) for key, item in items[:_MAX_ITEMS]}
        return shown if len(items) <= _MAX_ITEMS else {**shown, "…": f"({len(items):,} items)"}
    if isinstance(value, list):
        items = as_array(value)
        shown_items = [presentable(item, name) for item in items[:_MAX_ITEMS]]
        return shown_items if len(items) <= _MAX_ITEMS else [*shown_items, f"… ({len(items):,} items)"]
    if isinstance(value, int) and not -_MAX_NUMBER < value < _MAX_NUMBER:  # Python refuses to write very long ones
        return f"… (a number of {value.bit_length():,} bits)"
    return value


def masked(value: Any, secrets: Iterable[str] = (), name: str = "", *, known_names: Container[str] = ()) -> Any:
    """Return a copy of a JSON-like value with secrets masked, and `None` for numbers that JSON lacks.

    Args:
        value: the value.
        secrets: texts to mask.
        name: the field it is in, which shows whether its text is a URL.
        known_names: keys that stay as they are: a password that is a part of one must not spoil a schema.
    """
    if isinstance(value, str):
        return mask(value, secrets, is_url=is_url_name(name))
    if isinstance(value, dict):
        return {
            key if key in known_names else mask(str(key), secrets): masked(
                item, secrets, str(key), known_names=known_names
            )
            for key, item in as_object(value).items()
        }
    if isinstance(value, list):
        return [masked(item, secrets, name, known_names=known_names) for item in as_array(value)]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


class Key(Protocol):
    """What holds a key: `reveal` returns it."""

    def reveal(self) -> str:
        """Return the key."""
        ...


_keys: weakref.WeakSet[Any] = weakref.WeakSet()
_keys_lock = threading.Lock()


def know(key: Key) -> None:
    """Mask a key in the `repr` of models and events, where a server may repeat it, for as long as its holder lives."""
    with _keys_lock:
        _keys.add(key)


def known_keys() -> list[str]:
    """Return the keys of the clients of this process."""
    with _keys_lock:
        return [key.reveal() for key in _keys]


def _hide(text: str, secrets: Iterable[str]) -> str:
    for secret in sorted(secrets, key=len, reverse=True):  # one within a longer one would leave the rest of that
        if len(secret) >= _MIN_SECRET:
            text = text.replace(secret, MASK)
    return text


def _mask_start(text: str, limit: int, *, is_url: bool) -> str:
    """Return the masked start of a text, which may be cut in the middle of a password."""
    searched = limit + _MAX_USERINFO
    return mask(text, is_url=is_url) if len(text) <= searched else mask(text[:searched] + "@", is_url=is_url)


def _masked(text: str, *, is_url: bool) -> str:
    parts: list[str] = []
    position = 0
    for start, end in sorted(_secret_spans(text, is_url=is_url)):
        if start >= position:
            parts += [text[position:start], MASK]
        position = max(position, end)
    return "".join([*parts, text[position:]]) if parts else text


def _secret_spans(text: str, *, is_url: bool) -> list[tuple[int, int]]:
    """Return where the secrets of a URL are, or those of the URLs in a text without blanks."""
    found = _delimiters(text)
    last_at = _last_at(found)
    spans: list[tuple[int, int]] = []
    index, first_url = 0, 0 if is_url else len(text)
    if is_url and not _begins_with_scheme(text, found):
        leading = _LEADING.match(text)
        begin = leading.end() if leading else 0
        first = next((number for number, (_, _, start, _) in enumerate(found) if start >= begin), len(found))
        at = _userinfo_end(found, first, 0, last_at)
        if at is not None:
            spans.append((begin, found[at][2]))
            index = at + 1
    while index < len(found):
        after = _after_marker(found, index) if found[index][0] == ":" else index
        if after == index:
            index += 1
            continue
        level = max([each[1] for each in found[index:after]])
        begin = found[after - 1][3]
        first_url = min(first_url, begin)
        at = _userinfo_end(found, after, level, last_at)
        if at is not None:
            spans.append((begin, found[at][2]))
        index = after if at is None else at + 1
    return spans + _parameter_spans(text, found, first_url)


def _delimiters(text: str) -> list[_Delimiter]:
    found: list[_Delimiter] = []
    for match in _DELIMITER.finditer(text):
        written, (start, end) = match[0], match.span()
        if written[0] != "%":
            found.append((written, 0, start, end))
        else:
            level = min((end - start - 1) // 2, _MAX_LEVEL)
            found.append((_ENCODED[written[-2:].upper()], level, start, end))
    return found


def _last_at(found: list[_Delimiter]) -> list[int]:
    """Return, by level, the index of the last `@` that is encoded at most as often; -1: there is none."""
    last = [-1] * (_MAX_LEVEL + 1)
    for index, (char, level, _, _) in enumerate(found):
        if char == "@":
            last[level:] = [index] * (len(last) - level)
    return last


def _begins_with_scheme(text: str, found: list[_Delimiter]) -> bool:
    if not found or found[0][0] != ":" or _after_marker(found, 0) == 0:
        return False
    return _SCHEME.fullmatch(text, 0, found[0][2]) is not None


def _after_marker(found: list[_Delimiter], index: int) -> int:
    r"""Return the index after a colon and its slashes (`://`, `:/`, JSON's `:\/\/`); the same index without any."""
    slashes, after, end = False, index + 1, found[index][3]
    while after < len(found) and found[after][2] == end and found[after][0] in "/\\":
        slashes = slashes or found[after][0] == "/"
        end = found[after][3]
        after += 1
    return after if slashes else index


def _userinfo_end(found: list[_Delimiter], first: int, level: int, last_at: list[int]) -> int | None:
    """Return the index of the `@` that ends a URL's userinfo; `None`: it has none.

    A password may hold anything, so a colon before the first `/`, `?` or `#` makes all up to the last `@` userinfo,
    even where it could be a host with its port. Without a colon, that delimiter ends it.
    """
    colon, end = False, None
    for index in range(first, len(found)):
        char, encoded, _, _ = found[index]
        if char in "/?#" and encoded <= level:
            break
        if char == ":":
            colon = True
        elif char == "@":
            end = index
    last = last_at[level]
    return last if colon and last >= first and (end is None or last > end) else end


def _parameter_spans(text: str, found: list[_Delimiter], first_url: int) -> list[tuple[int, int]]:
    """Return where the values of secret parameters are: each ends at an `&` that is encoded at most as often."""
    spans: list[tuple[int, int]] = []
    ends = [len(text)] * (_MAX_LEVEL + 1)
    for index in range(len(found) - 1, -1, -1):
        char, level, start, end = found[index]
        if char == "&":
            ends[level:] = [start] * (len(ends) - level)
        elif char == "=" and start >= first_url:
            name = text[found[index - 1][3] if index else 0 : start]
            if is_secret_name(_decoded(name)):
                spans.append((end, ends[level]))
    return spans


def _decoded(name: str) -> str:
    for _ in range(_MAX_LEVEL):
        if "%" not in name:
            break
        name = unquote(name)
    return name


def _words(name: str) -> list[str]:
    """Split a name into words in lower case: `APIKey` has two, and so has `APIkey`; `PASSword` may be one."""
    words = [word.lower() for word in _WORD.findall(name)]
    if name.islower() or name.isupper():
        return words
    runs = [found for found in _LETTERS.finditer(name) if found[1]]
    return [*words, *(found[1] for found in runs), *(found[0].lower() for found in runs)]
