"""A run's events and commands over a WebSocket."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest
from conftest import ENDLESS, Server, residuals, settled
from proxy import CuttingProxy
from test_streams import BODY, told

from neuroscope import BadRequestError, ConnectionLostError, Event, FrameError, NeuroScopeClient, NotFoundError
from neuroscope.conversation import Conversation
from neuroscope.shapes import RunRequest

DETACHED: RunRequest = {**BODY, "detach": True}
LONGER: RunRequest = {**DETACHED, "ignore_eos": True, "max_tokens": 60}


def test_a_socket_tells_what_the_event_stream_tells(client: NeuroScopeClient) -> None:
    with client.socket() as socket:
        run = socket.start(**DETACHED)
        assert run.info["run_id"] == run.id
        events = list(run)
    assert told(events) == told(list(client.events(run.id)))
    assert any(event.frame and event.values.dtype == np.float32 for event in events)


def test_two_runs_on_one_socket_are_kept_apart_also_by_threads(client: NeuroScopeClient) -> None:
    with client.socket() as socket:
        one = socket.start(**DETACHED)
        two = socket.start(prompt="Hi", max_tokens=20, detach=True, hooks=residuals(7))
        first: list[object] = []
        thread = threading.Thread(target=lambda: first.extend(told(list(one))))
        thread.start()
        second = told(list(two))
        thread.join()
    assert first == told(list(client.events(one.id)))
    assert second == told(list(client.events(two.id)))


def test_a_finished_run_is_watched_as_the_viewer_wishes(client: NeuroScopeClient) -> None:
    run_id = client.start_run(**DETACHED)["run_id"]
    settled(client, run_id, "finished")
    with client.socket() as socket:
        assert next(iter(socket.watch(run_id, from_seq=4))).seq == 4
    with client.socket() as socket:
        assert not any(event.frame for event in socket.watch(run_id, tensors="none"))
        numbers = [event.values for event in socket.watch(run_id, tensors="json") if event.type == "activation"]
    frames = [frame.values for frame in client.frames(run_id)]
    for one, other in zip(numbers, frames, strict=True):
        np.testing.assert_array_equal(one, other)


def until(events: Iterator[Event], kind: str) -> Event:
    """The next event of a type."""
    return next(event for event in events if event.type == kind)


def test_a_run_is_steered_by_commands(client: NeuroScopeClient) -> None:
    paused: RunRequest = {**ENDLESS, "start": "paused", "hooks": residuals(3)}
    with client.socket() as socket:
        assert socket.ping()["ok"]
        run = socket.start(**paused)
        events = iter(run)
        run.step(3)
        until(events, "token")
        until(events, "run.paused")
        change = run.intervene({"layer_name": "transformer.h.10", "component": "mlp", "kind": "zero"})
        assert change["first_step"] == 3
        assert run.remove_intervention(change["intervention_id"])["ok"]
        assert len(run.change_hooks(add=residuals(4))["hooks"]) == 2
        assert run.change_watches(add=[{"surprise": True, "above": 90}])["watches"][0]["surprise"]
        assert until(events, "watches.changed")["first_step"] == 3
        run.rewind(1)
        assert until(events, "run.rewound")["to_step"] == 1
        child = run.fork(max_tokens=5)
        assert child.info["parent_run_id"] == run.id
        assert list(child)[-1].type == "run.finished"
        run.resume()
        run.pause()
        run.cancel()
        assert until(events, "run.finished")["finish_reason"] == "cancelled"


def test_a_refused_command_raises_what_rest_would(client: NeuroScopeClient) -> None:
    with client.socket() as socket:
        with pytest.raises(NotFoundError, match="Run absent not found") as caught:
            socket.watch("absent")
        assert (caught.value.status, caught.value.code) == (404, "run_not_found")
        with pytest.raises(BadRequestError) as unknown:
            socket.command("dance")
        assert unknown.value.code == "unknown_command"
        with pytest.raises(BadRequestError) as layer:
            socket.start(prompt="Hi", hooks=residuals(99))
        assert layer.value.details == {"field": "hooks[0]", "nearest": ["transformer.h.23"]}


@pytest.mark.parametrize("cut", [5000, 20000, 30001])
def test_a_cut_socket_goes_on_without_a_byte_missing(client: NeuroScopeClient, server: Server, cut: int) -> None:
    with CuttingProxy(server.url, cut) as proxy:
        with NeuroScopeClient(proxy.url) as watcher, watcher.socket() as socket:
            run = socket.start(**LONGER)
            events = told(list(run))
        assert proxy.connections == 2
    assert events == told(list(client.events(run.id)))


def test_a_socket_that_never_comes_back_ends_its_runs_with_an_exception(server: Server) -> None:
    with CuttingProxy(server.url, 5000, 1, 1, 1) as proxy:
        with NeuroScopeClient(proxy.url) as watcher, watcher.socket(retries=2) as socket:
            run = socket.start(**LONGER)
            with pytest.raises(ConnectionLostError):
                list(run)
            with pytest.raises(ConnectionLostError):
                socket.ping()


def test_a_tensor_damaged_on_the_way_ends_the_conversation_with_the_reason(client: NeuroScopeClient) -> None:
    whole = next(event.frame for event in client.stream_run(**DETACHED) if event.frame)
    conversation = Conversation(retries=0)
    conversation.command("start", {}, {})
    conversation.receive('{"type":"reply","id":1,"ok":true,"run_id":"run","run":{}}')
    conversation.receive('{"type":"activation","run_id":"run","seq":2,"hook_index":0}')
    assert conversation.event(conversation.runs["run"]) is None
    damaged = bytearray(whole.data)
    damaged[-9] ^= 1
    conversation.receive(bytes(damaged))
    with pytest.raises(FrameError):
        conversation.event(conversation.runs["run"])
    with pytest.raises(FrameError):
        conversation.command("ping", {})


def test_closing_and_unsubscribing_free_a_run_that_nobody_else_watches(client: NeuroScopeClient) -> None:
    with client.socket() as socket:
        closed = socket.start(**ENDLESS)
    settled(client, closed.id, "cancelled")
    with client.socket() as socket:
        left = socket.start(**ENDLESS)
        left.unsubscribe()
        settled(client, left.id, "cancelled")
