"""What travels as JSON: the messages of `schemas`, and what the clients say in their own way."""

from __future__ import annotations

from typing import Literal

from .schemas import (
    JSON,
    Analysis,
    AppliedIntervention,
    ChangedHooks,
    Contrast,
    ForkChanges,
    FrameFormat,
    Harvest,
    Health,
    Hook,
    HookChanges,
    Intervention,
    Message,
    ModelFacts,
    Run,
    RunRequest,
    Sampling,
    Sweep,
    SweepResult,
    Tokens,
    WatchChanges,
)

__all__ = [
    "JSON", "Analysis", "AppliedIntervention", "ChangedHooks", "CompletionOptions", "Contrast", "Encoding", "ForkChanges",
    "FrameFormat", "Harvest", "Health", "Hook", "HookChanges", "Intervention", "Message", "ModelFacts", "Policy", "Run", "RunRequest",
    "Sampling", "SocketTensors", "StreamedTensors", "Sweep", "SweepResult", "Tokens",
    "WatchChanges",
]

Encoding = Literal["nested", "list", "base64", "none"]
Policy = Literal["conflate", "lossless", "disconnect"]
StreamedTensors = Literal["base64", "json", "none"]
SocketTensors = Literal["binary", "json", "none"]


class CompletionOptions(Sampling, total=False):
    """What a completion may be asked for besides its messages or prompt, and hooks."""

    model: str
    n: int
    logprobs: bool | int
    top_logprobs: int
    stream_options: dict[str, bool]
    use_registered_hooks: bool
