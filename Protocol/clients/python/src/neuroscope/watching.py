"""Watching a run over server-sent events, without doing any of it: what to ask, what was seen, when to give up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .calls import Call, path_of
from .errors import ConnectionLostError
from .events import Event, EventParser, raised, read_event
from .shapes import Policy, StreamedTensors


@dataclass
class Patience:
    """How often, and after which pause, a broken connection is tried again."""

    retries: int = 8
    _tries: int = 0

    def renew(self) -> None:
        """Something arrived: it is worth the whole patience again."""
        self._tries = 0

    def pause(self, error: Exception | None) -> float:
        """Seconds until the next try, longer each time; raises when there have been enough."""
        if self._tries >= self.retries:
            raise ConnectionLostError("The connection broke and could not be taken up again") from error
        self._tries += 1
        return float(min(0.1 * 2 ** (self._tries - 1), 5.0))


class Watch:
    """What has been seen of a run, and so what to ask for next: nothing is missed or seen twice over cuts."""

    def __init__(
        self, run_id: str, tensors: StreamedTensors, from_seq: int | None, policy: Policy | None, retries: int,
    ) -> None:
        self._run_id = run_id
        self._query = {"tensors": tensors, "policy": policy}
        self._from = from_seq
        self._last_id = ""
        self._parser = EventParser()
        self._patience = Patience(retries)
        self.is_over = False

    def call(self) -> Call[Any]:
        """The next connection's request."""
        # Half an event of the connection before is forgotten.
        self._parser = EventParser(self._last_id)
        headers = {"Accept": "text/event-stream", **({"Last-Event-ID": self._last_id} if self._last_id else {})}
        query = {**self._query, "from": None if self._last_id else self._from}
        return Call("GET", path_of("/v1/runs/{id}/events", self._run_id), query=query, headers=headers)

    def opened(self, status: int) -> None:
        """An answer began; 204 says that all has been seen."""
        self.is_over = status == 204

    def feed(self, data: bytes) -> Iterator[Event]:
        """The events that a piece of the answer completes; each counts as seen once it is taken."""
        for line in self._parser.feed(data):
            event = raised(read_event(line.data))
            self._last_id = line.id
            self._patience.renew()
            self.is_over = event.type == "run.finished"
            yield event

    def pause(self, error: Exception | None) -> float:
        """Seconds to wait after a connection ended too early; raises when it did so too often."""
        return self._patience.pause(error)
