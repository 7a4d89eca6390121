"""What is used in `with` or `async with`, and closed at its end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator
from types import TracebackType
from typing import Any, Self


class Closing(ABC):
    @abstractmethod
    def close(self) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None,
    ) -> None:
        self.close()


class Opening(Closing):
    """What is open from where it is made."""

    def __init__(self) -> None:
        self._connect()

    @abstractmethod
    def _connect(self) -> None: ...


class AsyncClosing(ABC):
    @abstractmethod
    async def close(self) -> None: ...

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None,
    ) -> None:
        await self.close()


class AsyncOpening(AsyncClosing):
    """What is opened by `async with`, or by awaiting it."""

    def __await__(self) -> Generator[Any, None, Self]:
        return self.__aenter__().__await__()

    async def __aenter__(self) -> Self:
        await self._connect()
        return self

    @abstractmethod
    async def _connect(self) -> None: ...
