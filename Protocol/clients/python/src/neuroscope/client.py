"""The client that waits for its answers."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Literal, Unpack, overload

import httpx

from .calls import Blocking, Call
from .closing import Closing
from .completions import Chunk, Completion, activations_call, chat_call, complete_call, read_chunk
from .endpoints import Endpoints, create_circuit_analysis_hooks
from .errors import ConnectionLostError, NotFoundError, refusal_of_text
from .events import Event, EventParser
from .shapes import CompletionOptions, Hook, Message, Policy, RunRequest, StreamedTensors
from .sockets import Socket
from .watching import Watch

TIMEOUT = httpx.Timeout(600, connect=10)


class CompletionStream(Closing):
    """The chunks of a completion as they come; leaving the loop early, or `close`, ends the run."""

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self.run_id: str | None = response.headers.get("X-NeuroScope-Run")
        """The run behind the answer, which other viewers can join."""

    def __iter__(self) -> Iterator[Chunk]:
        parser = EventParser()
        try:
            for data in self._response.iter_bytes():
                for line in parser.feed(data):
                    if (chunk := read_chunk(line)) is None:
                        return
                    yield chunk
        except httpx.TransportError as error:
            raise ConnectionLostError(f"The stream broke: {error}") from error
        finally:
            self.close()
        raise ConnectionLostError("The stream ended before its end mark")

    def close(self) -> None:
        self._response.close()


class NeuroScopeClient(Endpoints, Blocking, Closing):
    """A server's routes as methods. Close it, or use it in `with`."""

    create_circuit_analysis_hooks = staticmethod(create_circuit_analysis_hooks)

    def __init__(self, base_url: str = "http://127.0.0.1:8080", *, http: httpx.Client | None = None) -> None:
        self.base_url = base_url.rstrip("/")
        self._http = http or httpx.Client(timeout=TIMEOUT)

    def close(self) -> None:
        self._http.close()

    # Completions

    @overload
    def chat(
        self, messages: Sequence[Message], *, stream: Literal[True], **options: Unpack[CompletionOptions],
    ) -> CompletionStream: ...
    @overload
    def chat(
        self, messages: Sequence[Message], *, stream: Literal[False] = False, **options: Unpack[CompletionOptions],
    ) -> Completion: ...
    def chat(
        self, messages: Sequence[Message], *, stream: bool = False, **options: Unpack[CompletionOptions],
    ) -> Completion | CompletionStream:
        """A chat answer, whole or in chunks."""
        return self._complete(chat_call(messages, {**options, "stream": stream}), stream)

    @overload
    def complete(
        self, prompt: str, *, stream: Literal[True], **options: Unpack[CompletionOptions],
    ) -> CompletionStream: ...
    @overload
    def complete(
        self, prompt: str, *, stream: Literal[False] = False, **options: Unpack[CompletionOptions],
    ) -> Completion: ...
    def complete(
        self, prompt: str, *, stream: bool = False, **options: Unpack[CompletionOptions],
    ) -> Completion | CompletionStream:
        """Goes on from a text, without a chat format."""
        return self._complete(complete_call(prompt, {**options, "stream": stream}), stream)

    @overload
    def generate_with_activations(
        self, messages: Sequence[Message], hooks: Sequence[Hook], *, stream: Literal[True],
        **options: Unpack[CompletionOptions],
    ) -> CompletionStream: ...
    @overload
    def generate_with_activations(
        self, messages: Sequence[Message], hooks: Sequence[Hook], *, stream: Literal[False] = False,
        **options: Unpack[CompletionOptions],
    ) -> Completion: ...
    def generate_with_activations(
        self, messages: Sequence[Message], hooks: Sequence[Hook], *, stream: bool = False,
        **options: Unpack[CompletionOptions],
    ) -> Completion | CompletionStream:
        """A chat answer with the tensors of the hooks, one for each pass."""
        return self._complete(activations_call(messages, hooks, {**options, "stream": stream}), stream)

    def _complete(self, call: Call[Completion], stream: bool) -> Completion | CompletionStream:
        return CompletionStream(self._send(call, stream=True)) if stream else self._perform(call)

    # Runs

    def events(
        self, run_id: str, *, tensors: StreamedTensors = "base64", from_seq: int | None = None,
        policy: Policy | None = None, retries: int = 8,
    ) -> Generator[Event]:
        """The events of a run, from the first.

        A broken connection is taken up again behind the last event, as long as the run lives: `detach` lets it live
        without a viewer.
        """
        watch = Watch(run_id, tensors, from_seq, policy, retries)
        while not watch.is_over:
            lost: ConnectionLostError | None = None
            try:
                with self._stream(watch.call()) as response:
                    watch.opened(response.status_code)
                    for data in response.iter_bytes():
                        yield from watch.feed(data)
            except ConnectionLostError as error:
                lost = error
            if not watch.is_over:
                time.sleep(watch.pause(lost))

    def stream_run(
        self, *, watch_tensors: StreamedTensors = "base64", watch_policy: Policy = "lossless", retries: int = 8,
        **request: Unpack[RunRequest],
    ) -> Generator[Event]:
        """Begins a run and gives its events, over broken connections too; leaving the loop early cancels it.

        The run waits for its reader, so nothing is dropped, unless another policy is asked for.
        """
        detached: RunRequest = {"detach": True, **request}
        run_id = self.start_run(**detached)["run_id"]
        is_over = False
        try:
            for event in self.events(run_id, tensors=watch_tensors, policy=watch_policy, retries=retries):
                is_over = event.type == "run.finished"
                yield event
        finally:
            if not is_over:
                with suppress(ConnectionLostError, NotFoundError):
                    self.cancel_run(run_id)

    def socket(self, *, retries: int = 8) -> Socket:
        """A WebSocket that starts, watches and steers any number of runs."""
        return Socket(f"ws{self.base_url.removeprefix('http')}/v1/socket", dict(self._http.headers), retries)

    # Requests

    def request(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """Any request; the answer, or its refusal raised."""
        return self._send(Call(method, path, body, headers=headers or {}))

    def _perform(self, request: Call[Any]) -> Any:
        return request.answer(self._send(request).content)

    def _send(self, call: Call[Any], *, stream: bool = False) -> httpx.Response:
        parts = call.parts()
        try:
            response = self._http.send(
                self._http.build_request(**{**parts, "url": self.base_url + parts["url"]}), stream=stream)
            if response.is_success:
                return response
            response.read()
        except httpx.TransportError as error:
            raise ConnectionLostError(f"The connection failed: {error}") from error
        raise refusal_of_text(response.status_code, response.text, response.headers.get("X-Request-Id"))

    @contextmanager
    def _stream(self, call: Call[Any]) -> Iterator[httpx.Response]:
        response = self._send(call, stream=True)
        try:
            yield response
        except httpx.TransportError as error:
            raise ConnectionLostError(f"The connection broke: {error}") from error
        finally:
            response.close()
