"""What travels as JSON, by the names of the wire. Servers may send more members than are named here."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

JSON = dict[str, Any]
Encoding = Literal["nested", "list", "base64", "none"]
Policy = Literal["conflate", "lossless", "disconnect"]
StreamedTensors = Literal["base64", "json", "none"]
SocketTensors = Literal["binary", "json", "none"]


class Message(TypedDict):
    """One turn of a chat."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: NotRequired[str | list[dict[str, str]] | None]


class Hook(TypedDict):
    """What to capture: a layer, a component, and a selection of it."""

    layer_name: str
    component: str
    hook_id: NotRequired[str]
    capture_input: NotRequired[bool]
    capture_output: NotRequired[bool]
    positions: NotRequired[str | list[int] | JSON]
    heads: NotRequired[list[int]]
    neurons: NotRequired[list[int]]
    experts: NotRequired[list[int]]
    reduce: NotRequired[str | JSON]
    every: NotRequired[int]
    dtype: NotRequired[Literal["f32", "f16", "bf16", "i8"]]
    encoding: NotRequired[Encoding]


class Intervention(TypedDict):
    """What to change in the forward pass, and where."""

    layer_name: str
    component: str
    kind: str
    intervention_id: NotRequired[str]
    is_input: NotRequired[bool]
    positions: NotRequired[str | list[int] | JSON]
    heads: NotRequired[list[int]]
    neurons: NotRequired[list[int]]
    experts: NotRequired[list[int]]
    strength: NotRequired[float]
    vector: NotRequired[list[float]]
    low: NotRequired[float]
    high: NotRequired[float]
    std: NotRequired[float]
    seed: NotRequired[int]
    source: NotRequired[dict[str, str | int]]
    from_step: NotRequired[int]
    to_step: NotRequired[int]


class Analysis(TypedDict):
    """What to compute from each pass; the results come as `analysis` events."""

    name: Literal["logit_lens", "direct_logit_attribution", "head_scores", "attention_entropy"]
    layers: NotRequired[list[int]]
    positions: NotRequired[str | list[int] | JSON]
    top: NotRequired[int]
    answer: NotRequired[int | str]
    versus: NotRequired[int | str]
    heads: NotRequired[bool]


Contrast = str | dict[str, Any]
"""A text, or an object with one of prompt, messages and tokens."""


class Sweep(TypedDict):
    """Activation patching or ablation, place by place; prompts are of one length in tokens."""

    analysis: Literal["activation_patching", "ablation"]
    component: Literal["resid_pre", "resid_mid", "resid_post", "attn_out", "mlp_out", "q", "k", "v", "z"]
    clean: Contrast | list[Contrast]
    answer: int | str | list[int | str]
    wrong: int | str | list[int | str]
    corrupted: NotRequired[Contrast | list[Contrast]]
    model: NotRequired[str]
    by: NotRequired[Literal["layer", "head", "position"]]
    kind: NotRequired[Literal["zero", "mean"]]
    layers: NotRequired[list[int]]


class SweepResult(TypedDict):
    """The grid of a sweep: a row for each layer."""

    clean: float
    corrupted: float | None
    axes: list[str]
    layers: list[int]
    tokens: NotRequired[list[str]]
    logit_diff: list[list[float]]
    effect: list[list[float | None]]
    passes: int


class Sampling(TypedDict, total=False):
    """How the next token is drawn, and when to stop."""

    model: str
    max_tokens: int
    temperature: float
    top_p: float
    top_k: int
    min_p: float
    repetition_penalty: float
    presence_penalty: float
    frequency_penalty: float
    seed: int
    stop: str | list[str]
    ignore_eos: bool


class CompletionOptions(Sampling, total=False):
    """What a completion may be asked for besides."""

    n: int
    logprobs: bool | int
    top_logprobs: int
    stream_options: dict[str, bool]
    use_registered_hooks: bool


class FrameFormat(TypedDict, total=False):
    """How tensors of a run travel."""

    dtype: Literal["f32", "f16", "bf16", "i8"]
    codec: Literal["raw", "deflate", "planes"]


class ForkChanges(Sampling, total=False):
    """What a fork does otherwise than the run it leaves."""

    activation_hooks: list[Hook]
    interventions: list[Intervention]
    detach: bool
    start: Literal["running", "paused"]


class RunRequest(ForkChanges, total=False):
    """A run: one of messages, prompt and tokens, and what to watch and change."""

    messages: list[Message]
    prompt: str
    tokens: list[int]
    hooks: list[Hook]
    use_registered_hooks: bool
    analyses: list[Analysis]
    frames: FrameFormat
    top_logprobs: int
    record: bool


class HookChanges(TypedDict, total=False):
    """Hooks to add to a run and ids to take off, or the list that replaces all."""

    add: list[Hook]
    remove: str | list[str]
    activation_hooks: list[Hook]


class Health(TypedDict):
    """The answer of `health_check`."""

    status: str
    service: str
    component: str
    version: str
    timestamp: str
    current_model: str | None
    ready: bool
    loaded_models: list[str]
    total_loaded: int


class ModelFacts(TypedDict):
    """A loaded model."""

    model_id: str
    status: str
    supports_activations: bool
    model_type: str
    num_layers: int
    hidden_size: int
    vocab_size: int
    quantization: str | None
    context_length: int


class Run(TypedDict):
    """A run as it was when the server answered."""

    run_id: str
    status: Literal["queued", "running", "paused", "finished", "cancelled", "failed"]
    model: str
    seq: int
    step: int
    prompt_tokens: int
    completion_tokens: int
    finish_reason: str | None
    text: str
    hooks: list[JSON]
    interventions: list[JSON]
    recording_id: str | None
    parent_run_id: NotRequired[str | None]
    viewers: int
    created: int
    urls: dict[str, str]


class AppliedIntervention(TypedDict):
    """An intervention and the first step it reaches, or no longer reaches."""

    intervention_id: str
    first_step: int


class ChangedHooks(TypedDict):
    """The hooks of a run, and the first step that captures them."""

    run_id: str
    first_step: int
    hooks: list[JSON]


class Tokens(TypedDict):
    """A text's tokens."""

    tokens: list[int]
    pieces: list[str]
    count: int
