"""A client of NeuroScope: language models whose layers can be watched while they speak."""

from .async_client import AsyncCompletionStream, AsyncNeuroScopeClient
from .async_sockets import AsyncSocket, AsyncWatchedRun
from .cache import ActivationCache
from .captures import Capture, Captures
from .client import CompletionStream, NeuroScopeClient
from .completions import Chunk, Completion
from .errors import (
    BadRequestError,
    ConflictError,
    ConnectionLostError,
    FrameError,
    NeuroScopeError,
    NotFoundError,
    RunFailedError,
    ServerError,
    TooLargeError,
)
from .events import Event, EventParser
from .frames import Frame, FrameReader, decode_frame, read_frame, split_frames
from .presets import create_circuit_analysis_hooks
from .results import Attribution, Difference, Grid, Heads, Lens, Paths, Pattern, RunResult, Scores, diff
from .shapes import Hook, Intervention, Message
from .sockets import Socket, WatchedRun

__version__ = "1.0.0"
__all__ = [
    "ActivationCache", "AsyncCompletionStream", "AsyncNeuroScopeClient", "AsyncSocket", "AsyncWatchedRun",
    "Attribution", "BadRequestError", "Capture", "Captures", "Chunk", "Completion", "CompletionStream",
    "ConflictError", "ConnectionLostError", "Difference", "Event", "EventParser", "Frame", "FrameError",
    "FrameReader", "Grid", "Heads", "Hook", "Intervention", "Lens", "Message", "NeuroScopeClient",
    "NeuroScopeError", "NotFoundError", "Paths", "Pattern", "RunFailedError", "RunResult", "Scores", "ServerError", "Socket",
    "TooLargeError", "WatchedRun", "create_circuit_analysis_hooks", "decode_frame", "diff", "read_frame",
    "split_frames",
]
