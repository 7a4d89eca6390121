"""Completions: how they are asked for, and what comes back, whole or in chunks."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .calls import Call
from .captures import Capture, Captures, read_capture
from .errors import fault
from .events import StreamedLine
from .shapes import JSON, Hook, Message


@dataclass(frozen=True)
class Completion:
    """A whole answer; `body` is the server's JSON in OpenAI's shape."""

    body: JSON

    @property
    def text(self) -> str:
        """The first choice's text."""
        choice = self.body["choices"][0]
        return str(choice["text"] if "text" in choice else choice["message"]["content"] or "")

    @property
    def finish_reason(self) -> str:
        return str(self.body["choices"][0]["finish_reason"])

    @property
    def usage(self) -> dict[str, int]:
        return dict(self.body["usage"])

    @cached_property
    def captures(self) -> Captures:
        """The tensors of the hooks; empty where none were asked for."""
        return Captures(_captures(self.body))

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(self.text)}</p>{self.captures._repr_html_()}"


@dataclass(frozen=True)
class Chunk:
    """What one piece of a streamed answer adds."""

    body: JSON

    @property
    def text(self) -> str:
        """What the first choice says next."""
        choices = self.body["choices"]
        if not choices:
            return ""
        return str(choices[0]["text"] if "text" in choices[0] else choices[0]["delta"].get("content") or "")

    @cached_property
    def captures(self) -> list[Capture]:
        return _captures(self.body)


def _captures(body: Mapping[str, Any]) -> list[Capture]:
    activations: Mapping[str, list[JSON]] = body.get("activations") or {}
    return [read_capture(one) for tensors in activations.values() for one in tensors if one["data"] is not None]


def chat_call(messages: Sequence[Message], options: Mapping[str, Any]) -> Call[Completion]:
    return _call("/v1/chat/completions", {**options, "messages": messages})


def complete_call(prompt: str, options: Mapping[str, Any]) -> Call[Completion]:
    return _call("/v1/completions", {**options, "prompt": prompt})


def activations_call(
    messages: Sequence[Message], hooks: Sequence[Hook], options: Mapping[str, Any],
) -> Call[Completion]:
    body = {"encoding": "base64", **options, "messages": messages, "activation_hooks": hooks}
    return _call("/v1/chat/completions/with_activations", body)


def _call(path: str, body: JSON) -> Call[Completion]:
    return Call("POST", path, body, read=lambda content: Completion(json.loads(content)))


def read_chunk(line: StreamedLine) -> Chunk | None:
    """The chunk of one line of a stream, None for its end mark; raises what the run failed of."""
    if line.data == "[DONE]":
        return None
    body = json.loads(line.data)
    if "error" in body:
        raise fault(body["error"])
    return Chunk(body)
