"""The client for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any, Literal, Unpack, overload

import httpx

from .async_research import AsyncResearch
from .async_sockets import AsyncSocket
from .calls import TIMEOUT, Call
from .closing import AsyncClosing
from .completions import Chunk, Completion, activations_call, chat_call, complete_call, read_chunk
from .errors import ConnectionLostError, NotFoundError, refusal_of_text
from .events import Event, EventParser
from .presets import create_circuit_analysis_hooks
from .results import diff
from .shapes import CompletionOptions, Hook, Message, Policy, RunRequest, StreamedTensors
from .watching import Watch


class AsyncCompletionStream(AsyncClosing):
    """The chunks of a completion as they come; leaving the loop early, or `close`, ends the run."""

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self.run_id: str | None = response.headers.get("X-NeuroScope-Run")
        """The run behind the answer, which other viewers can join."""

    async def __aiter__(self) -> AsyncIterator[Chunk]:
        parser = EventParser()
        try:
            async for data in self._response.aiter_bytes():
                for line in parser.feed(data):
                    if (chunk := read_chunk(line)) is None:
                        return
                    yield chunk
        except httpx.TransportError as error:
            raise ConnectionLostError(f"The stream broke: {error}") from error
        finally:
            await self.close()
        raise ConnectionLostError("The stream ended before its end mark")

    async def close(self) -> None:
        await self._response.aclose()


class AsyncNeuroScopeClient(AsyncResearch, AsyncClosing):
    """A server's routes as methods to await. Close it, or use it in `async with`."""

    create_circuit_analysis_hooks = staticmethod(create_circuit_analysis_hooks)
    diff = staticmethod(diff)

    def __init__(self, base_url: str = "http://127.0.0.1:8080", *, api_key: str | None = None,
                 http: httpx.AsyncClient | None = None) -> None:
        self.base_url = base_url.rstrip("/")
        self._http = http or httpx.AsyncClient(timeout=TIMEOUT)
        if api_key is not None:
            self._http.headers["Authorization"] = f"Bearer {api_key}"

    async def close(self) -> None:
        await self._http.aclose()

    # Completions

    @overload
    async def chat(
        self, messages: Sequence[Message], *, stream: Literal[True], **options: Unpack[CompletionOptions],
    ) -> AsyncCompletionStream: ...
    @overload
    async def chat(
        self, messages: Sequence[Message], *, stream: Literal[False] = False, **options: Unpack[CompletionOptions],
    ) -> Completion: ...
    async def chat(
        self, messages: Sequence[Message], *, stream: bool = False, **options: Unpack[CompletionOptions],
    ) -> Completion | AsyncCompletionStream:
        """A chat answer, whole or in chunks."""
        return await self._complete(chat_call(messages, {**options, "stream": stream}), stream)

    @overload
    async def complete(
        self, prompt: str, *, stream: Literal[True], **options: Unpack[CompletionOptions],
    ) -> AsyncCompletionStream: ...
    @overload
    async def complete(
        self, prompt: str, *, stream: Literal[False] = False, **options: Unpack[CompletionOptions],
    ) -> Completion: ...
    async def complete(
        self, prompt: str, *, stream: bool = False, **options: Unpack[CompletionOptions],
    ) -> Completion | AsyncCompletionStream:
        """Goes on from a text, without a chat format."""
        return await self._complete(complete_call(prompt, {**options, "stream": stream}), stream)

    @overload
    async def generate_with_activations(
        self, messages: Sequence[Message], hooks: Sequence[Hook], *, stream: Literal[True],
        **options: Unpack[CompletionOptions],
    ) -> AsyncCompletionStream: ...
    @overload
    async def generate_with_activations(
        self, messages: Sequence[Message], hooks: Sequence[Hook], *, stream: Literal[False] = False,
        **options: Unpack[CompletionOptions],
    ) -> Completion: ...
    async def generate_with_activations(
        self, messages: Sequence[Message], hooks: Sequence[Hook], *, stream: bool = False,
        **options: Unpack[CompletionOptions],
    ) -> Completion | AsyncCompletionStream:
        """A chat answer with the tensors of the hooks, one for each pass."""
        return await self._complete(activations_call(messages, hooks, {**options, "stream": stream}), stream)

    async def _complete(self, call: Call[Completion], stream: bool) -> Completion | AsyncCompletionStream:
        if stream:
            return AsyncCompletionStream(await self._send(call, stream=True))
        answer: Completion = await self._perform(call)
        return answer

    # Runs

    async def events(
        self, run_id: str, *, tensors: StreamedTensors = "base64", from_seq: int | None = None,
        policy: Policy | None = None, retries: int = 8,
    ) -> AsyncGenerator[Event]:
        """The events of a run, from the first.

        A broken connection is taken up again behind the last event, as long as the run lives: `detach` lets it live
        without a viewer.
        """
        watch = Watch(run_id, tensors, from_seq, policy, retries)
        while not watch.is_over:
            lost: ConnectionLostError | None = None
            try:
                async with self._stream(watch.call()) as response:
                    watch.opened(response.status_code)
                    async for data in response.aiter_bytes():
                        for event in watch.feed(data):
                            yield event
            except ConnectionLostError as error:
                lost = error
            if not watch.is_over:
                await asyncio.sleep(watch.pause(lost))

    async def stream_run(
        self, *, watch_tensors: StreamedTensors = "base64", watch_policy: Policy = "lossless", retries: int = 8,
        **request: Unpack[RunRequest],
    ) -> AsyncGenerator[Event]:
        """Begins a run and gives its events, over broken connections too; leaving the loop early cancels it.

        The run waits for its reader, so nothing is dropped, unless another policy is asked for. Tensors are float32 unless
        `frames` or a hook says otherwise.
        """
        detached: RunRequest = {"detach": True, "frames": {"dtype": "f32"}, **request}
        run = await self.start_run(**detached)
        run_id = run["run_id"]
        is_over = False
        try:
            events = self.events(run_id, tensors=watch_tensors, policy=watch_policy, retries=retries)
            async with aclosing(events):
                async for event in events:
                    is_over = event.type == "run.finished"
                    yield event
        finally:
            if not is_over:
                with suppress(ConnectionLostError, NotFoundError):
                    await self.cancel_run(run_id)

    def socket(self, *, retries: int = 8) -> AsyncSocket:
        """A WebSocket that starts, watches and steers any number of runs; opened by `async with` or `await`."""
        return AsyncSocket(f"ws{self.base_url.removeprefix('http')}/v1/socket", dict(self._http.headers), retries)

    # Requests

    async def request(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """Any request; the answer, or its refusal raised."""
        return await self._send(Call(method, path, body, headers=headers or {}))

    async def _perform(self, request: Call[Any]) -> Any:
        response = await self._send(request)
        return request.answer(response.content)

    async def _send(self, call: Call[Any], *, stream: bool = False) -> httpx.Response:
        parts = call.parts()
        try:
            response = await self._http.send(
                self._http.build_request(**{**parts, "url": self.base_url + parts["url"]}), stream=stream)
            if response.is_success:
                return response
            await response.aread()
        except httpx.TransportError as error:
            raise ConnectionLostError(f"The connection failed: {error}") from error
        raise refusal_of_text(response.status_code, response.text, response.headers.get("X-Request-Id"))

    @asynccontextmanager
    async def _stream(self, call: Call[Any]) -> AsyncIterator[httpx.Response]:
        response = await self._send(call, stream=True)
        try:
            yield response
        except httpx.TransportError as error:
            raise ConnectionLostError(f"The connection broke: {error}") from error
        finally:
            await response.aclose()
