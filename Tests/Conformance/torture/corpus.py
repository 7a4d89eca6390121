"""The corpus: every group of cases, in the order they are played."""

from . import (
    chunks,
    codings,
    event_stream,
    fields,
    framing,
    json_bodies,
    peers,
    plain,
    request_line,
    websocket,
)
from .kit import Kit


def corpus(options):
    """All cases for a server whose paths the options name."""
    kit = Kit(options)
    for group in (
        plain,
        request_line,
        fields,
        framing,
        chunks,
        codings,
        json_bodies,
        peers,
    ):
        group.cases(kit)
    if options.ws:
        websocket.cases(kit)
    if options.sse:
        event_stream.cases(kit)
    return kit.cases
