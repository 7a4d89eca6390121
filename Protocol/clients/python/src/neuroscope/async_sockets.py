"""The WebSocket of the client for asyncio. Tasks may share one: each waits for what it asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, TypeVar, Unpack

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from .calls import Awaiting, Command
from .closing import AsyncOpening
from .commands import RunCommands, connection_options, wished
from .conversation import Conversation, Over, RunState
from .errors import ConnectionLostError
from .events import Event
from .shapes import JSON, ForkChanges, Policy, RunRequest, SocketTensors
from .turns import AsyncTurns

T = TypeVar("T")


class AsyncSocket(AsyncOpening):
    """Starts, watches and steers any number of runs; taken up again when the connection breaks."""

    def __init__(self, url: str, headers: Mapping[str, str], retries: int) -> None:
        self._url = url
        self._headers = headers
        self._conversation = Conversation(retries)
        self._turns = AsyncTurns()
        self._opened = AsyncExitStack()
        self._connection: ClientConnection | None = None
        super().__init__()

    async def close(self) -> None:
        """Ends the conversation; runs that nobody else watches end with it unless they were detached."""
        self._conversation.end(ConnectionLostError("The socket was closed"))
        await self._opened.aclose()
        await self._turns.close()

    async def start(
        self, *, watch_tensors: SocketTensors | None = None, watch_policy: Policy | None = None,
        **request: Unpack[RunRequest],
    ) -> AsyncWatchedRun:
        """Begins a run and watches it."""
        return await self._begin("start", request, wished(watch_tensors, watch_policy, None))

    async def watch(
        self, run_id: str, *, tensors: SocketTensors | None = None, policy: Policy | None = None,
        from_seq: int | None = None,
    ) -> AsyncWatchedRun:
        """Watches a run, from its first event unless another is wished."""
        return await self._begin("subscribe", {"run_id": run_id}, wished(tensors, policy, from_seq))

    async def ping(self) -> JSON:
        return await self.command("ping")

    async def command(self, name: str, fields: Mapping[str, Any] | None = None) -> JSON:
        """Sends a command and gives its reply, or raises its refusal."""
        return await self._ask(name, fields or {}, None)

    async def _begin(self, name: str, fields: Mapping[str, Any], wish: Mapping[str, Any]) -> AsyncWatchedRun:
        reply = await self._ask(name, fields, wish)
        return AsyncWatchedRun(self, self._conversation.runs[reply["run_id"]])

    async def _ask(self, name: str, fields: Mapping[str, Any], wish: Mapping[str, Any] | None) -> JSON:
        with self._turns:
            command_id, text = self._conversation.command(name, fields, wish)
        try:
            await self._open.send(text)
        except ConnectionClosed:
            pass  # Noticed where the reply is waited for.
        return await self._until(partial(self._conversation.reply, command_id))

    async def _next(self, run: RunState) -> Event:
        return await self._until(partial(self._conversation.event, run))

    async def _until(self, ready: Callable[[], T | None]) -> T:
        return await self._turns.until(ready, self._fetch, self._take)

    async def _fetch(self) -> str | bytes | ConnectionClosed:
        """One message, or why there is none."""
        try:
            message: str | bytes = await self._open.recv()
            return message
        except ConnectionClosed as error:
            return error

    async def _take(self, message: str | bytes | ConnectionClosed) -> None:
        """Keeps a message, or opens a new connection where this one broke."""
        if isinstance(message, ConnectionClosed):
            await self._take_up_again(message)
        else:
            self._conversation.receive(message)

    @property
    def _open(self) -> ClientConnection:
        if self._connection is None:
            raise ConnectionLostError("The socket is not open; use it in `async with`")
        return self._connection

    async def _connect(self) -> None:
        await self._opened.aclose()
        try:
            connection: ClientConnection = await self._opened.enter_async_context(
                connect(self._url, **connection_options(self._headers)))
        except (OSError, WebSocketException) as error:
            raise ConnectionLostError(f"The socket could not be opened: {error}") from error
        self._connection = connection

    async def _take_up_again(self, error: Exception) -> None:
        self._conversation.lost()
        while not self._conversation.is_ended:
            try:
                await asyncio.sleep(self._conversation.patience.pause(error))
            except ConnectionLostError as final:
                self._conversation.end(final)
                return
            try:
                await self._connect()
                for text in self._conversation.subscriptions():
                    await self._open.send(text)
                return
            except (ConnectionLostError, ConnectionClosed) as again:
                error = again


class AsyncWatchedRun(RunCommands, Awaiting):
    """A run that a socket watches: its events to iterate over, and its commands."""

    def __init__(self, socket: AsyncSocket, state: RunState) -> None:
        super().__init__(state)
        self._socket = socket

    async def __aiter__(self) -> AsyncIterator[Event]:
        while True:
            try:
                event = await self._socket._next(self._state)
            except Over:
                return
            yield event

    async def fork(self, **changes: Unpack[ForkChanges]) -> AsyncWatchedRun:
        """A second run that goes on from here, watched as well."""
        return await self._socket._begin("fork", self._fork(changes), {})

    async def _perform(self, request: Command[Any]) -> Any:
        return await self._socket.command(request.name, {**request.fields, "run_id": self.id})
