"""Server-sent events, and the events of a run that travel in them and over the WebSocket."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from .errors import fault
from .frames import Frame, Values, decode_frame


@dataclass(frozen=True)
class StreamedLine:
    """One server-sent event: its name, its id, its text."""

    type: str
    id: str
    data: str


class EventParser:
    """Reads server-sent events from pieces of bytes, however they are cut."""

    def __init__(self, last_id: str = "") -> None:
        self._last_id = last_id
        self._pieces: list[bytes] = []
        self._ended_with_return = False
        self._type = ""
        self._data: list[str] = []

    def feed(self, data: bytes) -> list[StreamedLine]:
        """The events that a piece completes."""
        if self._ended_with_return and data.startswith(b"\n"):
            data = data[1:]
        if not data:
            return []
        self._ended_with_return = data.endswith(b"\r")
        # A piece that does not end a line leaves its last one open.
        lines = data.splitlines()
        lines[0] = b"".join([*self._pieces, lines[0]])
        self._pieces = [] if data.endswith((b"\n", b"\r")) else [lines.pop()]
        return [event for line in lines if (event := self._line(line.decode()))]

    def _line(self, line: str) -> StreamedLine | None:
        if not line:
            event = StreamedLine(self._type or "message", self._last_id, "\n".join(self._data)) if self._data else None
            self._type, self._data = "", []
            return event
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._type = value
        elif name == "id" and "\0" not in value:
            self._last_id = value
        return None


@dataclass(frozen=True)
class Event:
    """One event of a run; its members as the server wrote them are read by `event["name"]`."""

    body: dict[str, Any]
    frame: Frame | None = field(default=None, repr=False)
    """The tensor's frame of an `activation`, byte for byte as the server made it."""

    @property
    def type(self) -> str:
        return str(self.body["type"])

    @property
    def run_id(self) -> str:
        return str(self.body["run_id"])

    @property
    def seq(self) -> int:
        return int(self.body["seq"])

    def __getitem__(self, name: str) -> Any:
        return self.body[name]

    def get(self, name: str, default: Any = None) -> Any:
        return self.body.get(name, default)

    @cached_property
    def values(self) -> Values:
        """The numbers of an `activation` in their shape, float32 (uint32 of indices)."""
        if self.frame:
            return self.frame.values
        if "data" not in self.body:
            raise AttributeError(f"a {self.type} event has no tensor here")
        return np.array(self.body["data"], np.float32).reshape(self.body["shape"])


def read_event(text: str) -> Event:
    """Reads an event's line of JSON, with a frame in base64 unpacked and checked."""
    body = json.loads(text)
    packed = body.pop("frame", None)
    return Event(body, decode_frame(base64.b64decode(packed)) if packed else None)


def raised(event: Event) -> Event:
    """The event, unless it is the error that ends its run: that is raised, that of a single tensor is not."""
    if event.type == "error" and "hook_id" not in event["error"]:
        raise fault(event["error"])
    return event
