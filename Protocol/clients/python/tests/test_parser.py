"""Server-sent events, however they are cut."""

from __future__ import annotations

from neuroscope.events import EventParser, StreamedLine

STREAM = (
    ': hello\n\nevent: token\nid: e-1\ndata: {"é":\r\ndata: 1}\n\ndata:x\rdata\r\rid: e-2\nretry: 5\n\n'
    "data:  y: z\n\ndata: half"
).encode()
EVENTS = [
    StreamedLine("token", "e-1", '{"é":\n1}'),
    StreamedLine("message", "e-1", "x\n"),
    StreamedLine("message", "e-2", " y: z"),
]


def test_a_stream_says_the_same_however_it_is_cut() -> None:
    assert EventParser().feed(STREAM) == EVENTS
    for first in range(len(STREAM) + 1):
        parser = EventParser()
        assert parser.feed(STREAM[:first]) + parser.feed(STREAM[first:]) == EVENTS
    parser = EventParser()
    assert [event for byte in STREAM for event in parser.feed(bytes([byte]))] == EVENTS


def test_an_event_without_an_id_keeps_the_one_before() -> None:
    assert EventParser("e-7").feed(b"data: x\n\n") == [StreamedLine("message", "e-7", "x")]
