"""A run's events over HTTP: whole, cut, left, cancelled."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import ENDLESS, FRANCE, Server, residuals, settled
from proxy import CuttingProxy

from neuroscope import ConnectionLostError, Event, NeuroScopeClient
from neuroscope.shapes import RunRequest

BODY: RunRequest = {"messages": FRANCE, "temperature": 0, "max_tokens": 20, "hooks": residuals(0, 5, 23)}


def told(events: list[Event]) -> list[tuple[dict[str, object], bytes | None]]:
    """What events say, with their frames' bytes."""
    return [(event.body, event.frame.data if event.frame else None) for event in events]


@pytest.fixture
def finished(client: NeuroScopeClient) -> str:
    detached: RunRequest = {**BODY, "detach": True}
    run_id = client.start_run(**detached)["run_id"]
    settled(client, run_id, "finished")
    return run_id


def test_events_come_with_their_tensors_and_end_by_themselves(client: NeuroScopeClient) -> None:
    body: RunRequest = {**BODY, "frames": {"dtype": "f32"}}
    events = list(client.stream_run(**body))
    assert (events[0].type, events[-1].type) == ("run.started", "run.finished")
    assert [event.seq for event in events] == list(range(len(events)))
    assert "Paris" in "".join(event["text"] for event in events if event.type == "token")
    answer = client.generate_with_activations(FRANCE, residuals(0, 5, 23), temperature=0, max_tokens=20)
    for hook, captures in answer.captures.items():
        seen = [event for event in events if event.get("hook_id") == hook]
        for event, capture in zip(seen, captures, strict=True):
            np.testing.assert_array_equal(event.values, capture.values)
            assert event.frame and event.frame.sequence == event.seq


def test_tensors_come_as_json_or_not_at_all_where_asked(client: NeuroScopeClient, finished: str) -> None:
    whole = [event for event in client.events(finished) if event.type == "activation"]
    numbers = [event for event in client.events(finished, tensors="json") if event.type == "activation"]
    for one, other in zip(whole, numbers, strict=True):
        np.testing.assert_array_equal(one.values, other.values)
    bare = next(event for event in client.events(finished, tensors="none") if event.type == "activation")
    with pytest.raises(AttributeError):
        assert bare.values is None
    assert next(client.events(finished, from_seq=3)).seq == 3


@pytest.mark.parametrize("cuts", [(2000,), (900, 3000, 300), (20000, 1, 5000)])
def test_a_cut_stream_is_taken_up_again_without_a_byte_missing(
    client: NeuroScopeClient, server: Server, finished: str, cuts: tuple[int, ...],
) -> None:
    whole = told(list(client.events(finished)))
    with CuttingProxy(server.url, *cuts) as proxy, NeuroScopeClient(proxy.url) as watcher:
        assert told(list(watcher.events(finished))) == whole
        assert proxy.connections == len(cuts) + 1


def test_a_run_that_is_watched_while_it_runs_survives_a_cut(client: NeuroScopeClient, server: Server) -> None:
    longer: RunRequest = {**BODY, "ignore_eos": True, "max_tokens": 60}
    with CuttingProxy(server.url, 30000) as proxy, NeuroScopeClient(proxy.url) as watcher:
        events = list(watcher.stream_run(**longer))
        assert proxy.connections == 2
    assert told(events) == told(list(client.events(events[0].run_id)))


def test_a_connection_that_never_comes_back_is_given_up(server: Server, finished: str) -> None:
    with CuttingProxy(server.url, 1500, 1, 1, 1) as proxy, NeuroScopeClient(proxy.url) as watcher:
        with pytest.raises(ConnectionLostError):
            list(watcher.events(finished, retries=2))
        assert proxy.connections == 3


def test_leaving_a_runs_events_ends_the_run(client: NeuroScopeClient) -> None:
    for event in client.stream_run(**ENDLESS):
        if event.type == "token":
            break
    assert settled(client, event.run_id, "cancelled")["completion_tokens"] < 450


def test_leaving_a_completion_frees_its_run(client: NeuroScopeClient) -> None:
    stream = client.chat(FRANCE, ignore_eos=True, max_tokens=450, stream=True)
    for _ in stream:
        break
    assert stream.run_id
    settled(client, stream.run_id, "cancelled")
    closed = client.chat(FRANCE, ignore_eos=True, max_tokens=450, stream=True)
    closed.close()
    assert closed.run_id
    settled(client, closed.run_id, "cancelled")
