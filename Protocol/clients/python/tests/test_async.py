"""The client for asyncio: the same calls and streams, awaited."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from functools import wraps
from typing import Any

import pytest
from conftest import ENDLESS, FRANCE, Server, residuals, settled
from proxy import CuttingProxy
from test_sockets import DETACHED, LONGER
from test_streams import BODY, told

from neuroscope import AsyncNeuroScopeClient, ConnectionLostError, NeuroScopeClient, NotFoundError
from neuroscope.shapes import RunRequest


def awaited(test: Callable[[Server], Coroutine[Any, Any, None]]) -> Callable[[Server], None]:
    """A test whose body is a coroutine."""

    @wraps(test)
    def blocking(server: Server) -> None:
        asyncio.run(asyncio.wait_for(test(server), 60))

    return blocking


@awaited
async def test_calls_are_awaited(server: Server) -> None:
    async with AsyncNeuroScopeClient(server.url) as client:
        assert (await client.health_check())["ready"]
        assert (await client.detokenize((await client.tokenize("Paris"))["tokens"]))["text"] == "Paris"
        with pytest.raises(NotFoundError, match="Run absent not found"):
            await client.describe_run("absent")
        started = await client.start_run(**DETACHED)
        events = [event async for event in client.events(started["run_id"])]
        frames = await client.frames(started["run_id"])
        assert [frame.data for frame in frames] == [event.frame.data for event in events if event.frame]


@awaited
async def test_completions_are_awaited_whole_and_in_chunks(server: Server) -> None:
    async with AsyncNeuroScopeClient(server.url) as client:
        whole = await client.generate_with_activations(FRANCE, residuals(5), temperature=0, max_tokens=20)
        stream = await client.generate_with_activations(FRANCE, residuals(5), temperature=0, max_tokens=20, stream=True)
        async with stream:
            chunks = [chunk async for chunk in stream]
        assert "".join(chunk.text for chunk in chunks) == whole.text
        captures = [capture.values.tobytes() for chunk in chunks for capture in chunk.captures]
        assert captures == [capture.values.tobytes() for capture in whole.captures["layer_5"]]
        assert (await client.chat(FRANCE, temperature=0, max_tokens=20)).text == whole.text
        assert (await client.complete("The capital of France is", max_tokens=2)).text


@awaited
async def test_both_doors_tell_the_same_over_cuts(server: Server) -> None:
    async with AsyncNeuroScopeClient(server.url) as client:
        run_id = (await client.start_run(**LONGER))["run_id"]
        whole = told([event async for event in client.events(run_id)])
        with CuttingProxy(server.url, 2000, 900) as proxy:
            async with AsyncNeuroScopeClient(proxy.url) as watcher:
                assert told([event async for event in watcher.events(run_id)]) == whole
            assert proxy.connections == 3
        with CuttingProxy(server.url, 20000) as proxy:
            async with AsyncNeuroScopeClient(proxy.url) as watcher, watcher.socket() as socket:
                assert told([event async for event in await socket.watch(run_id)]) == whole
            assert proxy.connections == 2


@awaited
async def test_tasks_share_a_socket(server: Server) -> None:
    async with AsyncNeuroScopeClient(server.url) as client, client.socket() as socket:
        stopped: RunRequest = {**ENDLESS, "start": "paused"}
        paused = await socket.start(**stopped)
        other = await socket.start(**DETACHED)
        seen: list[str] = []

        async def watch() -> None:
            async for event in paused:
                seen.append(event.type)

        task = asyncio.create_task(watch())
        events = [event async for event in other]
        assert events[-1].type == "run.finished"
        await paused.step(2)
        child = await paused.fork(max_tokens=3)
        assert [event async for event in child][-1].type == "run.finished"
        await paused.cancel()
        await task
        assert seen[-1] == "run.finished"
        with pytest.raises(NotFoundError):
            await socket.watch("absent")
        second = await client.socket()
        assert (await second.ping())["ok"]
        await second.close()


@awaited
async def test_a_cancelled_task_frees_its_run(server: Server) -> None:
    async with AsyncNeuroScopeClient(server.url) as client:
        began = asyncio.get_running_loop().create_future()

        async def watch() -> None:
            async with aclosing(client.stream_run(**ENDLESS)) as events:
                async for event in events:
                    if event.type == "token" and not began.done():
                        began.set_result(event.run_id)

        task = asyncio.create_task(watch())
        run_id = await began
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        stream = await client.chat(FRANCE, ignore_eos=True, max_tokens=450, stream=True)
        async for _ in stream:
            break
        await stream.close()
    with NeuroScopeClient(server.url) as blocking:
        settled(blocking, run_id, "cancelled")
        assert stream.run_id
        settled(blocking, stream.run_id, "cancelled")


@awaited
async def test_what_is_lost_is_told(server: Server) -> None:
    with CuttingProxy(server.url, 5000, 1, 1, 1) as proxy:
        async with AsyncNeuroScopeClient(proxy.url) as watcher, watcher.socket(retries=2) as socket:
            run = await socket.start(**BODY)
            with pytest.raises(ConnectionLostError):
                _ = [event async for event in run]
        with pytest.raises(ConnectionLostError):
            await AsyncNeuroScopeClient(proxy.url).socket().start(prompt="Hi")
