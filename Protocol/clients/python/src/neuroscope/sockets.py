"""The WebSocket of the blocking client. Threads may share one: each waits for what it asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from typing import Any, TypeVar, Unpack

from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import ClientConnection, connect

from .calls import Blocking, Command
from .closing import Closing
from .commands import RunCommands, connection_options, wished
from .conversation import Conversation, Over, RunState
from .errors import ConnectionLostError
from .events import Event
from .shapes import JSON, ForkChanges, Policy, RunRequest, SocketTensors

T = TypeVar("T")


class Socket(Closing):
    """Starts, watches and steers any number of runs; taken up again when the connection breaks."""

    def __init__(self, url: str, headers: Mapping[str, str], retries: int) -> None:
        self._url = url
        self._headers = headers
        # Guards the conversation; told when something has come.
        self._news = threading.Condition()
        self._is_receiving = False
        self._conversation = Conversation(retries)
        self._opened = ExitStack()
        self._connection = self._connect()

    def close(self) -> None:
        """Ends the conversation; runs that nobody else watches end with it unless they were detached."""
        self._conversation.end(ConnectionLostError("The socket was closed"))
        self._opened.close()

    def start(
        self, *, watch_tensors: SocketTensors | None = None, watch_policy: Policy | None = None,
        **request: Unpack[RunRequest],
    ) -> WatchedRun:
        """Begins a run and watches it."""
        return self._begin("start", request, wished(watch_tensors, watch_policy, None))

    def watch(
        self, run_id: str, *, tensors: SocketTensors | None = None, policy: Policy | None = None,
        from_seq: int | None = None,
    ) -> WatchedRun:
        """Watches a run, from its first event unless another is wished."""
        return self._begin("subscribe", {"run_id": run_id}, wished(tensors, policy, from_seq))

    def ping(self) -> JSON:
        return self.command("ping")

    def command(self, name: str, fields: Mapping[str, Any] | None = None) -> JSON:
        """Sends a command and gives its reply, or raises its refusal."""
        return self._ask(name, fields or {}, None)

    def _begin(self, name: str, fields: Mapping[str, Any], wish: Mapping[str, Any]) -> WatchedRun:
        reply = self._ask(name, fields, wish)
        return WatchedRun(self, self._conversation.runs[reply["run_id"]])

    def _ask(self, name: str, fields: Mapping[str, Any], wish: Mapping[str, Any] | None) -> JSON:
        with self._news:
            command_id, text = self._conversation.command(name, fields, wish)
        try:
            self._connection.send(text)
        except ConnectionClosed:
            pass  # Noticed where the reply is waited for.
        return self._until(partial(self._conversation.reply, command_id))

    def _next(self, run: RunState) -> Event:
        return self._until(partial(self._conversation.event, run))

    def _until(self, ready: Callable[[], T | None]) -> T:
        """Waits until there is what somebody wants; one of those who wait receives for all."""
        with self._news:
            while (found := ready()) is None:
                if self._is_receiving:
                    self._news.wait()
                else:
                    self._receive()
            return found

    def _receive(self) -> None:
        """Takes one message, or a new connection where this one broke; others may go on meanwhile."""
        self._is_receiving = True
        self._news.release()
        message: str | bytes | ConnectionClosed
        try:
            message = self._connection.recv()
        except ConnectionClosed as error:
            message = error
        finally:
            self._news.acquire()
            self._is_receiving = False
            self._news.notify_all()
        if isinstance(message, ConnectionClosed):
            self._take_up_again(message)
        else:
            self._conversation.receive(message)

    def _connect(self) -> ClientConnection:
        self._opened.close()
        try:
            connection: ClientConnection = self._opened.enter_context(
                connect(self._url, **connection_options(self._headers)))
            return connection
        except (OSError, WebSocketException) as error:
            raise ConnectionLostError(f"The socket could not be opened: {error}") from error

    def _take_up_again(self, error: Exception) -> None:
        self._conversation.lost()
        while not self._conversation.is_ended:
            try:
                time.sleep(self._conversation.patience.pause(error))
            except ConnectionLostError as final:
                self._conversation.end(final)
                return
            try:
                self._connection = self._connect()
                for text in self._conversation.subscriptions():
                    self._connection.send(text)
                return
            except (ConnectionLostError, ConnectionClosed) as again:
                error = again


class WatchedRun(RunCommands, Blocking):
    """A run that a socket watches: its events to iterate over, and its commands."""

    def __init__(self, socket: Socket, state: RunState) -> None:
        super().__init__(state)
        self._socket = socket

    def __iter__(self) -> Iterator[Event]:
        while True:
            try:
                event = self._socket._next(self._state)
            except Over:
                return
            yield event

    def fork(self, **changes: Unpack[ForkChanges]) -> WatchedRun:
        """A second run that goes on from here, watched as well."""
        return self._socket._begin("fork", self._fork(changes), {})

    def _perform(self, request: Command[Any]) -> Any:
        return self._socket.command(request.name, {**request.fields, "run_id": self.id})
