"""What can go wrong: the server's refusals in its own words, lost connections, bytes that are no frame."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


class NeuroScopeError(Exception):
    """A refusal of the server; the other exceptions of this package are kinds of it.

    `status` is the HTTP status (0 where there was no answer), `code` the machine-readable name of the refusal.
    """

    def __init__(
        self, message: str, *, status: int = 0, code: str = "", details: Mapping[str, Any] | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.details: Mapping[str, Any] = details or {}
        self.request_id = request_id

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.message!r}, status={self.status}, code={self.code!r})"


class BadRequestError(NeuroScopeError):
    """What was asked can't be done as it was asked (4xx)."""


class NotFoundError(BadRequestError):
    """There is no such model, run, hook, recording, scenario or path (404)."""


class ConflictError(BadRequestError):
    """It can't be done in the state the run is in (409)."""


class TooLargeError(BadRequestError):
    """The captures or the body would be larger than the server allows (413)."""


class ServerError(NeuroScopeError):
    """The server failed, or has no room at the moment (5xx)."""


class RunFailedError(NeuroScopeError):
    """A run ended by a fault of its own, after its stream had begun."""


class ConnectionLostError(NeuroScopeError):
    """The server could not be reached, or the connection broke and could not be taken up again."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="connection_lost")


class FrameError(NeuroScopeError, ValueError):
    """Bytes that are not a tensor frame; `code` says why, by the names of the golden vectors."""

    def __init__(self, code: str, **details: Any) -> None:
        super().__init__(f"Not a tensor frame: {code} {details or ''}".rstrip(), code=code, details=details)


_KINDS: dict[int, type[NeuroScopeError]] = {404: NotFoundError, 409: ConflictError, 413: TooLargeError}


def refusal(status: int, body: Any, request_id: str | None = None) -> NeuroScopeError:
    """The exception for an error object of REST, or for a socket's refusing reply."""
    kind = _KINDS.get(status, BadRequestError if status < 500 else ServerError)
    return kind(
        body["error"], status=status, code=body.get("code", ""), details=body.get("details"),
        request_id=body.get("request_id", request_id))


def refusal_of_text(status: int, text: str, request_id: str | None) -> NeuroScopeError:
    """The same where a proxy between us may have answered in its own words."""
    try:
        body = json.loads(text)
        return refusal(status, body if isinstance(body["error"], str) else body["error"], request_id)
    except (ValueError, KeyError, TypeError):
        return refusal(status, {"error": text or f"The server answered {status}"}, request_id)


def fault(error: Mapping[str, Any]) -> RunFailedError:
    """The exception for the `error` of a stream that has begun."""
    return RunFailedError(error.get("message", "The run failed"), code=error.get("code", ""))
