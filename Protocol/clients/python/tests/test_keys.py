"""A server that needs a key, and clients with and without it."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator

import pytest
from conftest import Server

from neuroscope import AsyncNeuroScopeClient, NeuroScopeClient, NeuroScopeError


@pytest.fixture(scope="module")
def locked() -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="neuroscope-") as folder:
        server = Server(folder, "--api-key", "secret")
        yield server
        server.stop()


@pytest.mark.parametrize("key", [None, "wrong"])
def test_without_its_key_a_server_answers_nothing(locked: Server, key: str | None) -> None:
    with NeuroScopeClient(locked.url, api_key=key) as client, pytest.raises(NeuroScopeError) as refused:
        client.list_models()
    assert refused.value.status == 401


def test_with_it_requests_streams_and_sockets_are_open(locked: Server) -> None:
    with NeuroScopeClient(locked.url, api_key="secret") as client:
        assert len(client.list_models()["data"]) == 1
        events = list(client.stream_run(prompt="Once", max_tokens=3, ignore_eos=True))
        assert sum(event.type == "token" for event in events) == 3
        with client.socket() as socket:
            run = socket.start(prompt="Once", max_tokens=3, ignore_eos=True)
            assert sum(event.type == "token" for event in run) == 3


def test_the_asynchronous_client_shows_it_too(locked: Server) -> None:
    async def count() -> int:
        async with AsyncNeuroScopeClient(locked.url, api_key="secret") as client:
            return len((await client.list_models())["data"])

    assert asyncio.run(count()) == 1
