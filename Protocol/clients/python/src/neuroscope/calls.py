"""How each call is written once and serves both clients.

A method marked `@call` only describes what to ask; its class's base says how: an object that is `Blocking` performs
it at once, one that is `Awaiting` gives something to await.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, cast, overload
from urllib.parse import quote

import httpx
import numpy as np

P = ParamSpec("P")
T = TypeVar("T")

TIMEOUT = httpx.Timeout(600, connect=10)


@dataclass(frozen=True)
class Call(Generic[T]):
    """A request over HTTP, and what its answer's bytes mean."""

    method: str
    path: str
    body: Any = None
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    read: Callable[[bytes], Any] = json.loads

    def parts(self) -> dict[str, Any]:
        """The request as httpx takes it."""
        headers = {**({"Content-Type": "application/json"} if self.body is not None else {}), **self.headers}
        return {
            "method": self.method, "url": self.path, "headers": headers,
            "params": {name: value for name, value in self.query.items() if value is not None} or None,
            "content": self.body if isinstance(self.body, bytes | None) else dumps(self.body).encode(),
        }

    def answer(self, content: bytes) -> T:
        """What the bytes of a good answer mean."""
        return cast(T, self.read(content))


@dataclass(frozen=True)
class Command(Generic[T]):
    """A command over a WebSocket; its reply is the answer."""

    name: str
    fields: Mapping[str, Any] = field(default_factory=dict)


class Blocking:
    """An object whose calls give their answer."""

    def _perform(self, request: Any) -> Any:
        raise NotImplementedError


class Awaiting:
    """An object whose calls are awaited."""

    async def _perform(self, request: Any) -> Any:
        raise NotImplementedError


class call(Generic[P, T]):  # noqa: N801, used as a decorator
    """Makes a method that describes a request into one that performs it."""

    def __init__(self, describe: Callable[Concatenate[Any, P], Call[T] | Command[T]]) -> None:
        self._describe = describe
        functools.update_wrapper(cast(Any, self), describe)

    @overload
    def __get__(self, owner: None, kind: type) -> call[P, T]: ...
    @overload
    def __get__(self, owner: Blocking, kind: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, owner: Awaiting, kind: type) -> Callable[P, Coroutine[Any, Any, T]]: ...

    def __get__(self, owner: Any, kind: type) -> Any:
        if owner is None:
            return self

        @functools.wraps(self._describe)
        def perform(*args: P.args, **options: P.kwargs) -> Any:
            return owner._perform(self._describe(owner, *args, **options))

        return perform


def dumps(value: Any) -> str:
    """JSON of a value in which arrays and numbers of numpy may stand."""
    return json.dumps(value, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} has no place in a request")


def path_of(template: str, *values: str) -> str:
    """A path with values, escaped, in place of its parameters, which are written as `{id}`."""
    rest = iter(values)
    return re.sub(r"{\w+}", lambda _: quote(next(rest), safe=""), template)


def given(**fields: Any) -> dict[str, Any]:
    """The members that were given; None leaves the choice to the server."""
    return {name: value for name, value in fields.items() if value is not None}
