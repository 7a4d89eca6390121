"""The commands of a watched run and what a socket may begin with, for both kinds of sockets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

from websockets.typing import Subprotocol

from .calls import Command, call, given
from .conversation import RunState
from .shapes import JSON, ForkChanges, HookChanges, Intervention, Policy, SocketTensors, WatchChanges


def wished(tensors: SocketTensors | None, policy: Policy | None, from_seq: int | None) -> dict[str, Any]:
    """How a run is to be watched."""
    return given(tensors=tensors, policy=policy, **{"from": from_seq})


def connection_options(headers: Mapping[str, str]) -> dict[str, Any]:
    """How both kinds of sockets connect. Whoever leaves early does not wait for the rest of what was sent."""
    return {
        "subprotocols": [Subprotocol("neuroscope.v1")], "additional_headers": headers, "max_size": None,
        "close_timeout": 1,
    }


class RunCommands:
    """What can be told to a run while its events come; bodies are those of the endpoints."""

    def __init__(self, state: RunState) -> None:
        self._state = state

    @property
    def id(self) -> str:
        return self._state.id

    @property
    def info(self) -> JSON:
        """The run as it was when the watch began."""
        return self._state.info

    @call
    def pause(self) -> Command[JSON]:
        return Command("pause")

    @call
    def resume(self) -> Command[JSON]:
        return Command("resume")

    @call
    def step(self, count: int = 1) -> Command[JSON]:
        return Command("step", {"count": count})

    @call
    def rewind(self, to_step: int) -> Command[JSON]:
        return Command("rewind", {"to_step": to_step})

    @call
    def cancel(self) -> Command[JSON]:
        return Command("cancel")

    @call
    def change_hooks(self, **changes: Unpack[HookChanges]) -> Command[JSON]:
        return Command("hooks", changes)

    @call
    def change_watches(self, **changes: Unpack[WatchChanges]) -> Command[JSON]:
        return Command("watch", changes)

    @call
    def intervene(self, intervention: Intervention) -> Command[JSON]:
        return Command("intervene", intervention)

    @call
    def remove_intervention(self, intervention_id: str) -> Command[JSON]:
        return Command("remove_intervention", {"intervention_id": intervention_id})

    @call
    def unsubscribe(self) -> Command[JSON]:
        """Leaves the run; nobody else watching, it ends unless it was detached."""
        self._state.is_over = True
        return Command("unsubscribe")

    def _fork(self, changes: ForkChanges) -> dict[str, Any]:
        return {**changes, "run_id": self.id}
