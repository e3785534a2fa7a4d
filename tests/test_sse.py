"""The decoder of event streams keeps the WHATWG parsing rules, whatever the chunks, in bounded memory."""

from __future__ import annotations

import contextlib
import pickle
import random
import re
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

import anyio.lowlevel
import pytest
from httpx_sse import ServerSentEvent
from hypothesis import given, settings
from hypothesis import strategies as st

from trio_client.sse import Decoder, EventTooLargeError, RawEvent, adecode, decode

Event = tuple[str, str, str, "int | None"]


def event(data: str, name: str = "message", id: str = "", retry: int | None = None) -> Event:
    return (name, data, id, retry)


BOM = b"\xef\xbb\xbf"
A, B = event("a"), event("b")

# name: (stream, expected events)
CASES: dict[str, tuple[bytes, list[Event]]] = {
    "nothing": (b"", []),
    "one_event": (b"data: a\n\n", [A]),
    "two_events": (b"data: a\n\ndata: b\n\n", [A, B]),
    "every_field": (
        b"event: started\nid: 7\nretry: 1500\ndata: a\n\n",
        [event("a", "started", "7", 1500)],
    ),
    "fields_after_data": (b"data: a\nid: 7\nevent: x\n\n", [event("a", "x", "7")]),
    "json": (b'event: progress\ndata: {"a": "b: c"}\n\n', [event('{"a": "b: c"}', "progress")]),
    # line ends
    "end_lf": (b"data: a\n\n", [A]),
    "end_cr": (b"data: a\r\rdata: b\r\r", [A, B]),
    "end_crlf": (b"data: a\r\n\r\ndata: b\r\n\r\n", [A, B]),
    "end_cr_then_lf_line": (b"data: a\r\ndata: b\r\rdata: a\n\r\n", [event("a\nb"), A]),
    "end_lf_cr_is_two": (b"data: a\n\rdata: b\n\r", [A, B]),
    "end_crlf_cr": (b"data: a\r\n\rdata: b\n\n", [A, B]),
    "end_cr_crlf": (b"data: a\r\r\ndata: b\n\n", [A, B]),
    "end_lf_crlf": (b"data: a\n\r\ndata: b\n\n", [A, B]),
    "end_cr_does_not_swallow_two_lf": (b"data: a\r\n\ndata: b\r\n\n", [A, B]),
    "end_many_blank_lines": (b"\n\r\r\n\n\ndata: a\n\n\n\r\n\r\rdata: b\n\n\n", [A, B]),
    "end_crlf_multi_line": (b"data: a\r\ndata: b\r\n\r\n", [event("a\nb")]),
    # not line ends
    **{
        f"no_line_end_{ord(char):04x}": (f"data: a{char}b\n\n".encode(), [event(f"a{char}b")])
        for char in "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029\x00\t"
    },
    # byte order mark
    "bom": (BOM + b"data: a\n\n", [A]),
    "bom_then_event_and_id": (BOM + b"event: x\nid: 1\ndata: a\n\n", [event("a", "x", "1")]),
    "bom_then_blank_line": (BOM + b"\n\ndata: a\n\n", [A]),
    "bom_then_cr": (BOM + b"\rdata: a\r\r", [A]),
    "bom_alone": (BOM, []),
    "bom_only_once": (BOM + BOM + b"data: a\n\ndata: b\n\n", [B]),
    "bom_in_later_line": (b"data: a\n" + BOM + b"data: b\n\n", [A]),
    "bom_in_value": (b"data: " + BOM + b"a\n\n", [event("\ufeffa")]),
    "bom_partial_then_text": (b"\xef\xbbdata: a\n\ndata: b\n\n", [B]),
    "bom_partial_then_line_end": (b"\xef\xbb\ndata: a\n\n", [A]),
    "bom_partial_at_the_end": (b"\xef\xbb", []),
    "bom_of_utf16_is_not_one": (b"\xff\xfedata: a\n\ndata: b\n\n", [B]),
    # comments
    "comment": (b": hello\ndata: a\n\n", [A]),
    "comment_empty": (b":\ndata: a\n\n", [A]),
    "comment_block": (b": hello\n\n: again\n\ndata: a\n\n", [A]),
    "comment_within_event": (b"data: a\n: x\ndata: b\n\n", [event("a\nb")]),
    "comment_like_data": (b":data: x\n : data\ndata: a\n\n", [A]),
    "comment_long": (b":" + b"data: x" * 20 + b"\ndata: a\n\n", [A]),
    "comment_after_id_is_no_event": (b"id: 1\ndata: a\n\n: ping\n\n: ping\n\n", [event("a", id="1")]),
    # the space after the colon
    "space_none": (b"data:a\n\n", [A]),
    "space_only_one_removed": (b"data:  a\n\n", [event(" a")]),
    "space_only": (b"data: \n\n", [event("")]),
    "space_two_only": (b"data:  \n\n", [event(" ")]),
    "space_tab_kept": (b"data:\ta\n\n", [event("\ta")]),
    "space_trailing_kept": (b"data: a \n\n", [event("a ")]),
    "space_in_other_fields": (b"event:  x\nid:  1\ndata: a\n\n", [event("a", " x", " 1")]),
    "space_before_name": (b" data: x\ndata: a\n\n", [A]),
    "space_after_name": (b"data : x\ndata: a\n\n", [A]),
    # field names
    "name_unknown": (b"foo: x\ndata: a\nfoobarbaz\n\n", [A]),
    "name_unknown_long": (b"datadatadata: x\neventretryid\ndata: a\n\n", [A]),
    "name_unknown_number": (b"foo: 1234567\ndata: a\n\n", [A]),
    "name_case": (b"Data: x\nDATA: y\nEvent: z\ndata: a\n\n", [A]),
    "name_prefix": (b"dat: x\ndatas: y\neven: z\nid1: 1\nretry2: 3\ndata: a\n\n", [A]),
    "name_empty_after_space": (b" : x\ndata: a\n\n", [A]),
    "name_second_colon": (b"data: a: b:\n\n", [event("a: b:")]),
    "name_colon_colon": (b"data::a\n\n", [event(":a")]),
    "name_nul": (b"data\x00: x\ndata: a\n\n", [A]),
    # data
    "data_twice": (b"data: a\ndata: b\n\n", [event("a\nb")]),
    "data_many": (b"data: a\n" * 9 + b"\n", [event("\n".join("a" * 9))]),
    "data_empty_is_dispatched": (b"data:\n\n", [event("")]),
    "data_without_colon": (b"data\n\n", [event("")]),
    "data_empty_twice": (b"data\ndata\n\n", [event("\n")]),
    "data_standard_example": (b"data\n\ndata\ndata\n\ndata:", [event(""), event("\n")]),
    "data_empty_first": (b"data:\ndata: a\n\n", [event("\na")]),
    "data_empty_last": (b"data: a\ndata:\n\n", [event("a\n")]),
    "data_none_is_not_dispatched": (b"event: x\n\ndata: a\n\n", [A]),
    "data_long": (b"data: " + b"xyz" * 100 + b"\n\n", [event("xyz" * 100)]),
    # event
    "event_reset_per_block": (b"event: x\ndata: a\n\ndata: b\n\n", [event("a", "x"), B]),
    "event_last_wins": (b"event: x\nevent: y\ndata: a\n\n", [event("a", "y")]),
    "event_empty_is_message": (b"event: x\nevent:\ndata: a\n\n", [A]),
    "event_without_colon": (b"event: x\nevent\ndata: a\n\n", [A]),
    "event_long": (b"event: " + b"x" * 50 + b"\ndata: a\n\n", [event("a", "x" * 50)]),
    # id
    "id_persists": (b"id: 1\ndata: a\n\ndata: b\n\n", [event("a", id="1"), event("b", id="1")]),
    "id_block_is_remembered": (b"id: 1\n\ndata: a\n\n", [event("a", id="1")]),
    "id_block_at_end": (b"data: a\n\nid: 1\n\n", [A]),
    "id_reset_by_empty": (b"id: 1\ndata: a\n\nid\ndata: b\n\n", [event("a", id="1"), B]),
    "id_reset_by_empty_with_colon": (b"id: 1\ndata: a\n\nid:\ndata: b\n\n", [event("a", id="1"), B]),
    "id_with_nul_ignored": (b"id: 1\nid: 2\x003\ndata: a\n\n", [event("a", id="1")]),
    "id_nul_alone_ignored": (b"id: 1\nid: \x00\ndata: a\n\n", [event("a", id="1")]),
    "id_last_wins": (b"id: 1\nid: 2\ndata: a\n\n", [event("a", id="2")]),
    "id_not_ascii": ("id: …é\ndata: a\n\n".encode(), [event("a", id="…é")]),
    # retry
    "retry": (b"retry: 30\ndata: a\n\n", [event("a", retry=30)]),
    "retry_leading_zeros": (b"retry:0030\ndata: a\n\n", [event("a", retry=30)]),
    "retry_of_its_event_only": (b"retry: 30\ndata: a\n\ndata: b\n\n", [event("a", retry=30), B]),
    "retry_block_is_not_dispatched": (b"retry: 30\n\ndata: a\n\n", [A]),
    "retry_bad_keeps_good": (b"retry: 30\nretry: x\ndata: a\n\n", [event("a", retry=30)]),
    "retry_beyond_int": (b"retry: " + b"9" * 5000 + b"\ndata: a\n\n", [A]),
    **{
        f"retry_ignored_{number}": (b"retry:" + value + b"\ndata: a\n\n", [A])
        for number, value in enumerate(
            (
                b"",
                b" ",
                b"x",
                b"-1",
                b"+1",
                b"1.5",
                b"1_0",
                b"  1",
                b"1 ",
                b"0x1",
                b"1e3",
                b"\xef\xbc\x91",
                b"\xd9\xa3",
            )
        )
    },
    # the end of the stream
    "unfinished_without_line_end": (b"data: a\n\ndata: b", [A]),
    "unfinished_without_blank_line": (b"data: a\n\ndata: b\n", [A]),
    "unfinished_crlf": (b"data: a\r\n\r\ndata: b\r\n", [A]),
    "finished_by_cr": (b"data: a\n\ndata: b\r\r", [A, B]),
    # UTF-8
    "utf8": ("event: é\ndata: ok… 日本 😀\n\n".encode(), [event("ok… 日本 😀", "é")]),
    "utf8_bad_byte": (b"data: a\xffb\n\n", [event("a\ufffdb")]),
    "utf8_latin1": (b"data: caf\xe9\n\n", [event("caf\ufffd")]),
    "utf8_overlong": (b"data: \xc0\x80\n\n", [event("\ufffd\ufffd")]),
    "utf8_surrogate": (b"data: \xed\xa0\x80\n\n", [event("\ufffd" * 3)]),
    "utf8_cut_before_line_end": (b"data: \xe2\x80\ndata: b\n\n", [event("\ufffd\nb")]),
    "utf8_cut_before_second_line": (b"data: \xf0\x9f\ndata: \x98\x80\n\n", [event("\ufffd\n\ufffd\ufffd")]),
    "utf8_bad_in_event_and_id": (b"event: \xff\nid: \xfe\ndata: a\n\n", [event("a", "\ufffd", "\ufffd")]),
    "utf8_bad_in_field_name": (b"data\xff: x\n\xffdata: y\ndata: a\n\n", [A]),
}


def decoded(chunks: Iterable[bytes]) -> list[Event]:
    return [(e.event, e.data, e.id, e.retry) for e in decode(chunks)]


def reference(stream: bytes) -> list[Event]:
    """Read the standard's rules off, line by line, from the whole stream at once."""
    text = stream.decode("utf-8", "replace").removeprefix("\ufeff")
    events: list[Event] = []
    data = name = last_id = ""
    retry = None
    for line in re.split("\r\n|\r|\n", text)[:-1]:
        if line == "":
            if data != "":
                events.append((name or "message", data.removesuffix("\n"), last_id, retry))
            data = name = ""
            retry = None
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data += value + "\n"
        elif field == "id" and "\0" not in value:
            last_id = value
        elif field == "retry" and re.fullmatch("[0-9]{1,640}", value):
            retry = int(value)
    return events


def cut(stream: bytes, *places: int) -> list[bytes]:
    return [stream[start:end] for start, end in pairwise([0, *sorted(places), len(stream)])]


# --- the rules


@pytest.mark.parametrize("case", CASES)
def test_a_stream_gives_its_events_when_whole(case: str) -> None:
    stream, expected = CASES[case]

    assert expected == decoded([stream])


@pytest.mark.parametrize("case", CASES)
def test_the_reference_decoder_agrees_with_the_cases(case: str) -> None:
    stream, expected = CASES[case]

    assert expected == reference(stream)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("gap", [[], [b""]], ids=["plain", "with_empty_chunks"])
def test_a_stream_gives_its_events_byte_by_byte(case: str, gap: list[bytes]) -> None:
    stream, expected = CASES[case]

    assert expected == decoded(chunk for byte in cut(stream, *range(1, len(stream))) for chunk in [byte, *gap])


@pytest.mark.parametrize("case", [case for case in CASES if len(CASES[case][0]) < 1000])
@pytest.mark.parametrize("gap", [[], [b""]], ids=["plain", "with_empty_chunk"])
def test_a_stream_gives_its_events_cut_in_two_anywhere(case: str, gap: list[bytes]) -> None:
    stream, expected = CASES[case]

    for place in range(len(stream) + 1):
        assert expected == decoded([stream[:place], *gap, stream[place:]]), place


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_a_stream_gives_its_events_cut_at_random(data: st.DataObject) -> None:
    stream, expected = CASES[data.draw(st.sampled_from(list(CASES)))]
    places = data.draw(st.lists(st.integers(0, len(stream))))  # the same place twice is an empty chunk

    assert expected == decoded(cut(stream, *places))


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_cases_in_a_row_are_read_as_the_reference_does(data: st.DataObject) -> None:
    stream = b"".join(CASES[name][0] for name in data.draw(st.lists(st.sampled_from(list(CASES)), max_size=6)))
    places = data.draw(st.lists(st.integers(0, len(stream))))

    assert reference(stream) == decoded(cut(stream, *places))


fragments = st.sampled_from(
    [
        b"data",
        b"event",
        b"id",
        b"retry",
        b":",
        b" ",
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n",
        b"a",
        b"12",
        b"\0",
        b"\xff",
        BOM,
        BOM[:1],
        BOM[1:],
        b"data: ",
        b"data: {}\n\n",
        b"id: 1\n",
        b"event: x\n",
        b": comment",
        "…".encode(),
    ]
)


@settings(deadline=None, max_examples=500)
@given(st.lists(fragments, max_size=30).map(b"".join), st.data())
def test_any_stream_is_read_as_the_reference_does(stream: bytes, data: st.DataObject) -> None:
    places = data.draw(st.lists(st.integers(0, len(stream))))

    assert reference(stream) == decoded(cut(stream, *places))


@settings(deadline=None, max_examples=300)
@given(st.lists(st.binary(max_size=20), max_size=20))
def test_any_bytes_are_read_as_the_reference_does(chunks: list[bytes]) -> None:
    assert reference(b"".join(chunks)) == decoded(chunks)


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"], ids=["lf", "cr", "crlf"])
@pytest.mark.parametrize("size", [2**16 - 8, 2**16 - 7, 2**16 - 6, 2**16, 200_000])
def test_lines_around_the_size_of_long_ones_are_read_as_the_reference_does(size: int, end: bytes) -> None:
    long = b"x" * size
    block = [
        b"event: big",
        b"data: " + long,
        b"data: b",
        b": " + long,
        b"data:" + long,
        b"id: 1",
        b"",
        b"data: a",
        b"",
    ]
    stream = end.join([*block, *block, b"data: " + long, b"", b""])
    expected = reference(stream)
    random_places = random.Random(size).choices(range(len(stream)), k=20)

    assert len(expected) == 5
    assert expected == decoded([stream])
    assert expected == decoded(cut(stream, *range(2**16, len(stream), 2**16)))
    assert expected == decoded(cut(stream, *random_places))


def test_a_decoder_keeps_the_data_as_bytes() -> None:
    assert [RawEvent("x", b"a\xff\nb", "1", 5, has_id=True)] == Decoder().feed(
        b"event: x\nid: 1\nretry: 5\ndata: a\xff\ndata: b\n\n"
    )


def test_an_empty_event_name_is_message() -> None:
    assert [RawEvent("message", b"", "", None)] == Decoder().feed(b"event: x\nevent:\ndata\n\n")


def test_the_last_event_id_is_that_of_the_last_block_that_ended() -> None:
    decoder = Decoder()

    decoder.feed(b"id: 1\n\nid: 2\n")
    assert decoder.last_event_id == "1"
    decoder.feed(b"\n")
    assert decoder.last_event_id == "2"


def test_the_last_retry_is_kept_as_soon_as_its_line_ended() -> None:
    decoder = Decoder()

    decoder.feed(b"retry: 10\n\nretry: 20")
    assert decoder.retry == 10
    decoder.feed(b"\n")
    assert decoder.retry == 20


# --- promptness


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"], ids=["lf", "cr", "crlf"])
def test_an_event_is_there_with_the_first_byte_of_its_blank_line(end: bytes) -> None:
    decoder = Decoder()

    assert decoder.feed(b"data: a" + end) == []
    assert len(decoder.feed(end[:1])) == 1
    assert decoder.feed(end[1:]) == []
    assert decoder.feed(b"data: b" + end) == []
    assert len(decoder.feed(end)) == 1


def test_an_event_is_yielded_before_the_next_chunk_is_asked_for() -> None:
    asked = 0

    def chunks() -> Iterator[bytes]:
        nonlocal asked
        while True:
            asked += 1
            yield b"data: a\n\n"

    events = decode(chunks())
    assert asked == 0
    assert next(events).data == "a"
    assert asked == 1


# --- bounds


def held_at_most(feed: Callable[[bytes], object], chunks: Iterable[bytes]) -> int:
    """Return the largest number of bytes held while feeding the chunks, which are made one at a time."""
    tracemalloc.start()
    try:
        for chunk in chunks:
            feed(chunk)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


LIMIT = 2**18


@pytest.mark.parametrize(
    ("start", "chunk"),
    [
        (b"", b": ping\n" * 1000),
        (b"", b": ping\r\n\r\n" * 100),
        (b":", b"x" * 5000),
        (b"unknown: ", b"x" * 5000),
        (b"datum", b"x" * 5000),
        (b"foo: ", b"x" * 5000),
        (b"", b"\nfoo: " + b"x" * 20),
        (b"", b"unknown: x\n" * 500),
        (b"data: a\n:", b"x" * 5000),
        (b"", b"data\n\n" * 10),
        (b"id: 1\n\n", b"\n" * 5000),
    ],
)
@pytest.mark.thorough
def test_what_is_dropped_is_neither_counted_nor_held(start: bytes, chunk: bytes) -> None:
    decoder = Decoder(max_event_bytes=LIMIT)
    decoder.feed(start)

    assert held_at_most(decoder.feed, (bytes(bytearray(chunk)) for _ in range(10 * LIMIT // len(chunk)))) < LIMIT
    assert decoder.feed(b"\ndata: end\n\n")[-1].data.endswith(b"end")


@pytest.mark.parametrize("size", [1, 16, 999, 60_000, 100_000])
@pytest.mark.parametrize("field", [b"data: ", b"event: ", b"id:", b"data: x\ndata:"])
@pytest.mark.thorough
def test_a_line_without_end_fails_at_the_limit_and_holds_no_more_than_twice_as_much(field: bytes, size: int) -> None:
    decoder = Decoder(max_event_bytes=LIMIT)
    decoder.feed(field)
    fed = 0

    def chunks() -> Iterator[bytes]:
        nonlocal fed
        while fed < 2 * LIMIT:
            yield bytes(size)
            fed += size

    def feed_all() -> None:
        with pytest.raises(EventTooLargeError):
            for chunk in chunks():
                decoder.feed(chunk)

    held = held_at_most(lambda _: feed_all(), [b""])

    assert LIMIT - size - 16 <= fed <= LIMIT
    assert held < 2 * LIMIT


@pytest.mark.parametrize("line", [b"data\n", b"data:x\n", b"data: " + b"x" * 70 + b"\r\n", b"id: 1\n", b"event: x\n"])
def test_many_lines_without_blank_line_fail_at_the_limit(line: bytes) -> None:
    decoder = Decoder(max_event_bytes=LIMIT)
    fed = 0

    def feed_all() -> None:
        nonlocal fed
        with pytest.raises(EventTooLargeError):
            while fed < 3 * LIMIT:
                decoder.feed(line * 100)
                fed += 100 * len(line.rstrip())

    held = held_at_most(lambda _: feed_all(), [b""])

    assert LIMIT - 100 * len(line) <= fed <= LIMIT
    assert held < 2 * LIMIT


@pytest.mark.parametrize("size", [1, 7, 100])
def test_an_event_of_exactly_the_limit_passes_and_one_byte_more_does_not(size: int) -> None:
    lines = b"event: x\ndata: abc\nid: 1\n"
    count = len(lines) - lines.count(b"\n")
    stream = (lines + b": comment\nunknown: x\n\n") * 3
    chunks = cut(stream, *range(size, len(stream), size))

    assert len(list(decode(chunks, max_event_bytes=count))) == 3
    with pytest.raises(EventTooLargeError):
        list(decode(chunks, max_event_bytes=count - 1))


def test_a_chunk_of_many_events_may_be_larger_than_the_limit() -> None:
    assert len(list(decode([b"data: a\n\n" * 10_000], max_event_bytes=7))) == 10_000


@pytest.mark.parametrize("line", [b"ab\n", b"ab\r", b"ab\r\n", b"\n"])
@pytest.mark.thorough
def test_one_huge_chunk_of_short_lines_is_not_split_at_once(line: bytes) -> None:
    chunk = line * (1_500_000 // len(line))

    assert held_at_most(Decoder().feed, [chunk]) < 6_000_000


def test_one_huge_chunk_is_refused_without_a_copy_of_it() -> None:
    decoder = Decoder(max_event_bytes=1000)
    chunk = b"data: " + b"x" * 5_000_000

    def feed(chunk: bytes) -> None:
        with pytest.raises(EventTooLargeError):
            decoder.feed(chunk)

    assert held_at_most(feed, [chunk]) < 200_000


def test_events_before_the_one_that_is_too_large_are_not_lost() -> None:
    events = decode([b"data: a\n\ndata: b\n\ndata: ccccc\n\ndata: d\n\n"], max_event_bytes=8)

    assert next(events).data == "a"
    assert next(events).data == "b"
    with pytest.raises(EventTooLargeError, match="larger than 8 bytes") as raised:
        next(events)
    assert raised.value.limit == 8
    assert raised.value.events == [RawEvent("message", b"a", "", None), RawEvent("message", b"b", "", None)]


@pytest.mark.parametrize("large", [b"data: ccccc", b"data: a\ndata: b\n", b"data: a\ndata: bc"])
def test_after_an_event_that_is_too_large_nothing_is_decoded(large: bytes) -> None:
    decoder = Decoder(max_event_bytes=8)
    with pytest.raises(EventTooLargeError):
        decoder.feed(large)

    for chunk in (b"\n\n", b"data: d\n\n"):
        with pytest.raises(EventTooLargeError) as raised:
            decoder.feed(chunk)
        assert raised.value.events == []


@pytest.mark.parametrize("fields", [[b"data: "], [b"data: a\ndata: ", b"\ndata: "]])
def test_after_an_event_that_is_too_large_nothing_is_held(fields: list[bytes]) -> None:
    decoder = Decoder(max_event_bytes=LIMIT)
    tracemalloc.start()
    try:
        for field in fields:
            decoder.feed(field)
            decoder.feed(bytes(LIMIT // 3))
        assert tracemalloc.get_traced_memory()[0] > LIMIT // 4
        with contextlib.suppress(EventTooLargeError):
            decoder.feed(bytes(LIMIT))
        assert tracemalloc.get_traced_memory()[0] < LIMIT // 4
    finally:
        tracemalloc.stop()


def test_the_error_of_an_event_that_is_too_large_can_be_pickled() -> None:
    error = pickle.loads(pickle.dumps(EventTooLargeError(8, [RawEvent("x", b"a", "", None)])))

    assert (error.limit, error.events, str(error)) == (
        8,
        [RawEvent("x", b"a", "", None)],
        "A server-sent event is larger than 8 bytes; raise the limit if that is expected.",
    )


def test_each_byte_of_a_long_line_is_written_once_however_small_the_chunks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = 0
    decoder = Decoder()
    decoder.feed(b"data: ")

    class Counting:
        def write(self, piece: bytes) -> None:
            nonlocal written
            written += len(piece)

        def getvalue(self) -> bytes:
            return b""

    monkeypatch.setattr("io.BytesIO", Counting)
    decoder._value = Counting()  # type: ignore[assignment]
    for _ in range(20_000):
        decoder.feed(b"xyz")

    assert written == 60_000


# --- the public edge


def test_events_are_those_of_httpx_sse() -> None:
    (got,) = decode([b'event: x\nid: 1\nretry: 5\ndata: {"a": 1}\n\n'])

    assert type(got) is ServerSentEvent
    assert (got.event, got.json(), got.id, got.retry) == ("x", {"a": 1}, "1", 5)


@pytest.mark.parametrize("make", [bytearray, memoryview], ids=["bytearray", "memoryview"])
def test_any_bytes_like_chunk_is_taken(make: Callable[[bytes], bytes]) -> None:
    chunks = [make(chunk) for chunk in cut(b"data: a\n\ndata: b\n\n", 2, 9)]

    assert decoded(chunks) == [A, B]


def test_a_chunk_may_be_overwritten_after_it_was_fed() -> None:
    decoder = Decoder()
    buffer = bytearray(b"data: abcdef")
    decoder.feed(buffer)
    buffer[:] = b"ghi\n\n"

    assert [RawEvent("message", b"abcdefghi", "", None)] == decoder.feed(buffer)


@pytest.mark.parametrize("chunks", [["data: a\n\n"], "data: a\n\n", b"data: a\n\n", [None], [5]])
def test_a_chunk_that_is_not_bytes_is_a_type_error(chunks: Iterable[bytes]) -> None:
    with pytest.raises(TypeError, match=r"must be bytes, not (str|int|NoneType)"):
        list(decode(chunks))


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_is_refused_at_once(limit: int) -> None:
    with pytest.raises(ValueError, match="max_event_bytes must be at least 1"):
        decode([], max_event_bytes=limit)
    with pytest.raises(ValueError, match="max_event_bytes must be at least 1"):
        adecode(aiter_of([]), max_event_bytes=limit)


class aiter_of:  # noqa: N801
    """An asynchronous iterator that counts what it was asked for."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.asked = 0
        self._chunks = iter(chunks)

    def __aiter__(self) -> aiter_of:
        return self

    async def __anext__(self) -> bytes:
        self.asked += 1
        await anyio.lowlevel.checkpoint()
        for chunk in self._chunks:
            return chunk
        raise StopAsyncIteration


@pytest.mark.anyio
async def test_the_asynchronous_decoder_gives_the_same_events() -> None:
    for stream, expected in CASES.values():
        for chunks in ([stream], cut(stream, *range(1, len(stream), 3))):
            assert expected == [(e.event, e.data, e.id, e.retry) async for e in adecode(aiter_of(chunks))]


@pytest.mark.anyio
async def test_the_asynchronous_decoder_keeps_what_came_before_an_event_that_is_too_large() -> None:
    events = adecode(aiter_of([b"data: a\n\ndata: ccccc\n\n"]), max_event_bytes=8)

    assert (await anext(events)).data == "a"
    with pytest.raises(EventTooLargeError):
        await anext(events)


@pytest.mark.anyio
async def test_the_asynchronous_decoder_yields_before_the_next_chunk_is_asked_for() -> None:
    chunks = aiter_of([b"data: a\n\n"] * 2)
    events = adecode(chunks)

    assert chunks.asked == 0
    assert (await anext(events)).data == "a"
    assert chunks.asked == 1


@pytest.mark.anyio
async def test_the_asynchronous_decoder_can_be_left_and_taken_up_again() -> None:
    events = adecode(aiter_of([b"data: a\n\ndata: b\n\nda", b"ta: c\n\n"]))

    async for got in events:
        assert got.data == "a"
        break
    assert [got.data async for got in events] == ["b", "c"]


def test_a_raw_event_shows_its_size_and_not_its_data() -> None:
    assert (
        repr(RawEvent("triggered", b"x" * 300_000, "", None))
        == "RawEvent('triggered', <300000 bytes>, id='', retry=None)"
    )


def test_importing_the_module_does_not_import_httpx() -> None:
    code = "import trio_client.sse, sys; print(sorted({'httpx', 'httpx_sse', 'pydantic'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert run.stdout.strip() == "[]"
