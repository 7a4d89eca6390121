"""A conversation over a WebSocket, without the socket: commands and their replies, runs and their events."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .calls import dumps
from .errors import ConnectionLostError, FrameError, NeuroScopeError, refusal
from .events import Event, raised
from .frames import Frame, split_frames
from .shapes import JSON
from .watching import Patience


class Over(Exception):
    """Nothing stands behind a run's last event."""


@dataclass
class RunState:
    """What has come of a run and has not been read yet."""

    id: str
    wish: Mapping[str, Any]
    info: JSON
    next_seq: int = 0
    events: deque[Event] = field(default_factory=deque)
    is_over: bool = False
    error: NeuroScopeError | None = None

    @property
    def wants_frames(self) -> bool:
        return bool(self.wish.get("tensors", "binary") == "binary")

    def take(self, event: Event) -> None:
        self.next_seq = max(self.next_seq, event.get("seq", -1) + 1)
        self.events.append(event)
        self.is_over = self.is_over or event.type == "run.finished"


class Conversation:
    """The state of one socket; whoever has the socket sends what this makes, and gives it what arrives."""

    def __init__(self, retries: int) -> None:
        self.patience = Patience(retries)
        self.runs: dict[str, RunState] = {}
        self._last_id = 0
        self._wishes: dict[int, Mapping[str, Any]] = {}
        self._replies: dict[int, JSON | NeuroScopeError] = {}
        self._waiting: set[int] = set()
        self._resuming: dict[int, RunState] = {}
        # Activation events whose frame has not come yet.
        self._described: deque[JSON] = deque()
        self._end: NeuroScopeError | None = None

    # Sending

    def command(self, name: str, fields: Mapping[str, Any], wish: Mapping[str, Any] | None = None) -> tuple[int, str]:
        """A command's id and text; with a wish, the run of its reply is watched."""
        if self._end:
            raise self._end
        command_id, text = self._numbered(name, {**fields, **(wish or {})})
        self._waiting.add(command_id)
        if wish is not None:
            self._wishes[command_id] = wish
        return command_id, text

    def _numbered(self, name: str, fields: Mapping[str, Any]) -> tuple[int, str]:
        self._last_id += 1
        return self._last_id, dumps({**fields, "id": self._last_id, "command": name})

    def subscriptions(self) -> list[str]:
        """The commands that take up every unfinished run on a new connection, behind the last event of each."""
        texts: list[str] = []
        for run in self.runs.values():
            if not run.is_over:
                fields = {**run.wish, "run_id": run.id, "from": run.next_seq}
                command_id, text = self._numbered("subscribe", fields)
                self._resuming[command_id] = run
                texts.append(text)
        return texts

    # Receiving

    def receive(self, message: str | bytes) -> None:
        """Takes a message; one that can't be read ends the conversation."""
        self.patience.renew()
        try:
            if isinstance(message, str):
                self._receive_text(json.loads(message))
            else:
                for frame in split_frames(message):
                    self._receive_frame(frame)
        except FrameError as error:
            self.end(error)

    def _receive_text(self, body: JSON) -> None:
        run = self.runs.get(body.get("run_id", ""))
        if body["type"] == "reply":
            self._receive_reply(body)
        elif run and body["type"] == "activation" and run.wants_frames:
            self._described.append(body)
        elif run:
            run.take(Event(body))

    def _receive_reply(self, body: JSON) -> None:
        # A run is known before its first event is read.
        wish = self._wishes.pop(body["id"], None)
        if body["ok"] and wish is not None:
            run = RunState(body["run_id"], wish, body["run"], wish.get("from") or 0)
            known = self.runs.setdefault(run.id, run)
            if known.is_over:
                self.runs[run.id] = run
        resumed = self._resuming.pop(body["id"], None)
        if resumed and not body["ok"]:
            resumed.error = refusal(body["status"], body)
        if body["id"] in self._waiting:
            self._waiting.remove(body["id"])
            self._replies[body["id"]] = body if body["ok"] else refusal(body["status"], body)

    def _receive_frame(self, frame: Frame) -> None:
        for body in self._described:
            if (body["seq"], body["hook_index"]) == (frame.sequence, frame.hook_index):
                self._described.remove(body)
                self.runs[body["run_id"]].take(Event(body, frame))
                return

    def lost(self) -> None:
        """The connection broke: its commands will get no reply, half of a tensor will be sent again."""
        error = ConnectionLostError("The connection broke before the reply")
        for waiting in self._waiting:
            self._replies[waiting] = error
        self._waiting.clear()
        self._wishes.clear()
        self._resuming.clear()
        self._described.clear()

    def end(self, error: NeuroScopeError) -> None:
        """Nothing comes any more."""
        self._end = self._end or error
        self.lost()

    @property
    def is_ended(self) -> bool:
        return self._end is not None

    # Reading

    def reply(self, command_id: int) -> JSON | None:
        """A command's reply, None while there is none; raises its refusal."""
        found = self._replies.pop(command_id, None)
        if isinstance(found, NeuroScopeError):
            raise found
        return found

    def event(self, run: RunState) -> Event | None:
        """A run's next event, None while there is none; raises `Over` behind the last."""
        if run.events:
            return raised(run.events.popleft())
        if run.is_over:
            raise Over
        if error := run.error or self._end:
            raise error
        return None
