"""Who receives, where several wait for what comes over one connection: all that threads and tasks do differently."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

M = TypeVar("M")
T = TypeVar("T")


class Turns:
    """Threads: one of those who wait receives for all, and holds the lock except while it does."""

    def __init__(self) -> None:
        # Guards what is received; told when something has come.
        self._news = threading.Condition()
        self._is_receiving = False

    def __enter__(self) -> None:
        self._news.acquire()

    def __exit__(self, *_: Any) -> None:
        self._news.release()

    def until(self, ready: Callable[[], T | None], fetch: Callable[[], M], take: Callable[[M], None]) -> T:
        """Receives until there is what somebody wants: `fetch` waits for a message, `take` keeps it."""
        with self:
            while (found := ready()) is None:
                if self._is_receiving:
                    self._news.wait()
                else:
                    take(self._fetched(fetch))
            return found

    def _fetched(self, fetch: Callable[[], M]) -> M:
        self._is_receiving = True
        self._news.release()
        try:
            return fetch()
        finally:
            self._news.acquire()
            self._is_receiving = False
            self._news.notify_all()

    def close(self) -> None:
        """Nobody has to be waited for."""


class AsyncTurns:
    """Tasks: all who wait share one task that receives. Between two awaits nobody else runs, so there is no lock."""

    def __init__(self) -> None:
        self._receiving: asyncio.Task[None] | None = None

    def __enter__(self) -> None: ...

    def __exit__(self, *_: Any) -> None: ...

    async def until(
        self, ready: Callable[[], T | None], fetch: Callable[[], Awaitable[M]], take: Callable[[M], Awaitable[None]],
    ) -> T:
        """Receives until there is what somebody wants: `fetch` waits for a message, `take` keeps it."""
        while (found := ready()) is None:
            if self._receiving is None or self._receiving.done():
                self._receiving = asyncio.create_task(self._receive(fetch, take))
            await asyncio.wait({self._receiving})
        return found

    async def _receive(self, fetch: Callable[[], Awaitable[M]], take: Callable[[M], Awaitable[None]]) -> None:
        await take(await fetch())

    async def close(self) -> None:
        if self._receiving:
            await asyncio.wait({self._receiving})
