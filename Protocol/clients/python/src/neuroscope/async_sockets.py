"""The WebSocket of the client for asyncio. Tasks may share one: each waits for what it asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Generator, Mapping
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, Self, TypeVar, Unpack

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from .calls import Awaiting, Command
from .closing import AsyncClosing
from .commands import RunCommands, connection_options, wished
from .conversation import Conversation, Over, RunState
from .errors import ConnectionLostError
from .events import Event
from .shapes import JSON, ForkChanges, Policy, RunRequest, SocketTensors

T = TypeVar("T")


class AsyncSocket(AsyncClosing):
    """Starts, watches and steers any number of runs; taken up again when the connection breaks.

    Opened by `async with client.socket() as socket`, or by awaiting it.
    """

    def __init__(self, url: str, headers: Mapping[str, str], retries: int) -> None:
        self._url = url
        self._headers = headers
        self._conversation = Conversation(retries)
        self._opened = AsyncExitStack()
        self._connection: ClientConnection | None = None
        self._receiving: asyncio.Task[None] | None = None

    def __await__(self) -> Generator[Any, None, Self]:
        return self.__aenter__().__await__()

    async def __aenter__(self) -> Self:
        self._connection = await self._connect()
        return self

    async def close(self) -> None:
        """Ends the conversation; runs that nobody else watches end with it unless they were detached."""
        self._conversation.end(ConnectionLostError("The socket was closed"))
        await self._opened.aclose()
        if self._receiving:
            await asyncio.wait({self._receiving})

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
        command_id, text = self._conversation.command(name, fields, wish)
        try:
            await self._open.send(text)
        except ConnectionClosed:
            pass  # Noticed where the reply is waited for.
        return await self._until(partial(self._conversation.reply, command_id))

    async def _next(self, run: RunState) -> Event:
        return await self._until(partial(self._conversation.event, run))

    async def _until(self, ready: Callable[[], T | None]) -> T:
        """Waits until there is what somebody wants; all who wait share one task that receives."""
        while (found := ready()) is None:
            if self._receiving is None or self._receiving.done():
                self._receiving = asyncio.create_task(self._receive())
            await asyncio.wait({self._receiving})
        return found

    async def _receive(self) -> None:
        """Takes one message, or a new connection where this one broke."""
        try:
            self._conversation.receive(await self._open.recv())
        except ConnectionClosed as error:
            await self._take_up_again(error)

    @property
    def _open(self) -> ClientConnection:
        if self._connection is None:
            raise ConnectionLostError("The socket is not open; use it in `async with`")
        return self._connection

    async def _connect(self) -> ClientConnection:
        await self._opened.aclose()
        try:
            return await self._opened.enter_async_context(connect(self._url, **connection_options(self._headers)))
        except (OSError, WebSocketException) as error:
            raise ConnectionLostError(f"The socket could not be opened: {error}") from error

    async def _take_up_again(self, error: Exception) -> None:
        self._conversation.lost()
        while not self._conversation.is_ended:
            try:
                await asyncio.sleep(self._conversation.patience.pause(error))
            except ConnectionLostError as final:
                self._conversation.end(final)
                return
            try:
                self._connection = await self._connect()
                for text in self._conversation.subscriptions():
                    await self._connection.send(text)
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
