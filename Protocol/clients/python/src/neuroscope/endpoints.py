"""The routes of the server, one method each, for both clients. Names and meaning are those of openapi.yaml."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack
from urllib.parse import quote

from .calls import Call, call, given
from .frames import Frame, split_frames
from .shapes import (
    JSON,
    AppliedIntervention,
    ChangedHooks,
    ForkChanges,
    Health,
    Hook,
    HookChanges,
    Intervention,
    Message,
    ModelFacts,
    Run,
    RunRequest,
    Sweep,
    SweepResult,
    Tokens,
)


def run_path(run_id: str, rest: str = "") -> str:
    return f"/v1/runs/{quote(run_id, safe='')}{rest}"


def _recording_path(recording_id: str, rest: str = "") -> str:
    return f"/v1/recordings/{quote(recording_id, safe='')}{rest}"


def _bytes(content: bytes) -> bytes:
    return content


class Endpoints:
    """What both clients can ask."""

    # Health and models

    @call
    def health_check(self) -> Call[Health]:
        return Call("GET", "/health")

    @call
    def capabilities(self) -> Call[JSON]:
        """What the server can capture, reduce, change and send."""
        return Call("GET", "/v1/capabilities")

    @call
    def open_api(self) -> Call[JSON]:
        return Call("GET", "/v1/openapi.json")

    @call
    def list_models(self) -> Call[JSON]:
        return Call("GET", "/v1/models")

    @call
    def available_models(self) -> Call[JSON]:
        """What the directories hold that models may be loaded from."""
        return Call("GET", "/v1/models/available")

    @call
    def describe_model(self, model_id: str) -> Call[ModelFacts]:
        return Call("GET", f"/v1/models/{quote(model_id, safe='')}")

    @call
    def hook_points(self, model_id: str) -> Call[JSON]:
        """Every point of a model that can be captured, with axes, shape and names."""
        return Call("GET", f"/v1/models/{quote(model_id, safe='')}/hook_points")

    @call
    def load_model(self, path: str, model_id: str | None = None, *, max_kv_size: int | None = None) -> Call[ModelFacts]:
        """Loads a checkpoint and makes it current; an id in use is replaced."""
        return Call("POST", "/v1/models/load", given(model_path=path, model_id=model_id, max_kv_size=max_kv_size))

    @call
    def unload_model(self, model_id: str) -> Call[JSON]:
        return Call("POST", "/v1/models/unload", {"model_id": model_id})

    @call
    def list_analyses(self) -> Call[JSON]:
        """What can be computed from each pass of a run, and its parameters."""
        return Call("GET", "/v1/analyses")

    @call
    def analyse(self, **sweep: Unpack[Sweep]) -> Call[SweepResult]:
        """Measures a logit difference while one place of the model after the other is changed."""
        return Call("POST", "/v1/analyses", sweep)

    # Registered hooks, text

    @call
    def register_hooks(self, hooks: Sequence[Hook], model: str | None = None) -> Call[JSON]:
        """Registers all hooks of a list, or none where one is wrong."""
        return Call("POST", "/v1/activations/hooks", given(hooks=hooks, model=model))

    @call
    def list_hooks(self, model: str | None = None) -> Call[JSON]:
        return Call("GET", "/v1/activations/hooks", query={"model": model})

    @call
    def clear_hooks(self, model: str | None = None) -> Call[JSON]:
        return Call("DELETE", "/v1/activations/hooks", query={"model": model})

    @call
    def tokenize(
        self, text: str, *, model: str | None = None, parse_special: bool | None = None,
        add_special: bool | None = None,
    ) -> Call[Tokens]:
        return Call(
            "POST", "/v1/tokenize",
            given(text=text, model=model, parse_special=parse_special, add_special=add_special))

    @call
    def detokenize(
        self, tokens: Sequence[int], *, model: str | None = None, skip_special: bool | None = None,
    ) -> Call[JSON]:
        return Call("POST", "/v1/detokenize", given(tokens=tokens, model=model, skip_special=skip_special))

    @call
    def apply_template(
        self, messages: Sequence[Message], *, model: str | None = None, add_generation_prompt: bool | None = None,
    ) -> Call[JSON]:
        """What the model's chat format makes of messages."""
        body = given(messages=messages, model=model, add_generation_prompt=add_generation_prompt)
        return Call("POST", "/v1/apply_template", body)

    # Runs

    @call
    def start_run(self, **request: Unpack[RunRequest]) -> Call[Run]:
        """Begins a run that any number of viewers can watch; without `detach` it ends with its last viewer."""
        return Call("POST", "/v1/runs", request)

    @call
    def list_runs(self) -> Call[JSON]:
        return Call("GET", "/v1/runs")

    @call
    def describe_run(self, run_id: str) -> Call[Run]:
        return Call("GET", run_path(run_id))

    @call
    def cancel_run(self, run_id: str) -> Call[Run]:
        """Ends a run, or forgets one that is over."""
        return Call("DELETE", run_path(run_id))

    @call
    def pause(self, run_id: str) -> Call[Run]:
        return Call("POST", run_path(run_id, "/pause"))

    @call
    def resume(self, run_id: str) -> Call[Run]:
        return Call("POST", run_path(run_id, "/resume"))

    @call
    def step(self, run_id: str, count: int = 1) -> Call[Run]:
        """Computes some passes of a paused run, then pauses again."""
        return Call("POST", run_path(run_id, "/step"), {"count": count})

    @call
    def rewind(self, run_id: str, to_step: int) -> Call[Run]:
        """Takes back what came after a step, and pauses."""
        return Call("POST", run_path(run_id, "/rewind"), {"to_step": to_step})

    @call
    def fork(self, run_id: str, **changes: Unpack[ForkChanges]) -> Call[Run]:
        """A second run that goes on from here; what is named replaces the first one's."""
        return Call("POST", run_path(run_id, "/fork"), changes)

    @call
    def change_hooks(self, run_id: str, **changes: Unpack[HookChanges]) -> Call[ChangedHooks]:
        return Call("POST", run_path(run_id, "/hooks"), changes)

    @call
    def intervene(self, run_id: str, intervention: Intervention) -> Call[AppliedIntervention]:
        """Changes the forward pass from the next step on."""
        return Call("POST", run_path(run_id, "/interventions"), intervention)

    @call
    def remove_intervention(self, run_id: str, intervention_id: str) -> Call[AppliedIntervention]:
        return Call("DELETE", run_path(run_id, f"/interventions/{quote(intervention_id, safe='')}"))

    @call
    def clear_interventions(self, run_id: str) -> Call[JSON]:
        return Call("DELETE", run_path(run_id, "/interventions"))

    @call
    def frames(
        self, run_id: str, *, hook: str | None = None, from_seq: int | None = None, to_seq: int | None = None,
    ) -> Call[list[Frame]]:
        """The frames of a run that the server still holds."""
        return Call(
            "GET", run_path(run_id, "/frames"), query={"hook": hook, "from": from_seq, "to": to_seq}, read=split_frames)

    # Recordings and scenarios

    @call
    def list_recordings(self) -> Call[JSON]:
        return Call("GET", "/v1/recordings")

    @call
    def describe_recording(self, recording_id: str) -> Call[JSON]:
        return Call("GET", _recording_path(recording_id))

    @call
    def delete_recording(self, recording_id: str) -> Call[JSON]:
        return Call("DELETE", _recording_path(recording_id))

    @call
    def recording_file(self, recording_id: str) -> Call[bytes]:
        """The recording itself, as recording.md draws it."""
        return Call("GET", _recording_path(recording_id, "/file"), read=_bytes)

    @call
    def export_recording(self, recording_id: str, format: str = "safetensors") -> Call[bytes]:
        """The tensors of a recording as safetensors or npz."""
        return Call("GET", _recording_path(recording_id, "/export"), query={"format": format}, read=_bytes)

    @call
    def replay_recording(
        self, recording_id: str, *, speed: float | None = None, from_seq: int | None = None, to_seq: int | None = None,
        start: str | None = None,
    ) -> Call[Run]:
        """Plays a recording as a run, byte for byte, without a model; a speed of 0 is as fast as it is read.

        A start of "paused" waits behind the first event to be resumed or stepped.
        """
        body = given(speed=speed, start=start, **{"from": from_seq, "to": to_seq})
        return Call("POST", _recording_path(recording_id, "/replay"), body)

    @call
    def verify_recording(self, recording_id: str) -> Call[JSON]:
        """Executes the recorded request again and reports the first difference."""
        return Call("POST", _recording_path(recording_id, "/verify"))

    @call
    def list_scenarios(self) -> Call[JSON]:
        return Call("GET", "/v1/scenarios")

    @call
    def run_scenario(self, name: str, **changes: Unpack[RunRequest]) -> Call[JSON]:
        return Call("POST", f"/v1/scenarios/{quote(name, safe='')}/run", changes)


def create_circuit_analysis_hooks(layers: Sequence[int] = (5, 10, 15, 20)) -> list[Hook]:
    """Attention, mlp and residual of some layers, with ids such as `attention_5`."""
    return [
        {"layer_name": f"transformer.h.{layer}", "component": component, "hook_id": f"{component}_{layer}"}
        for layer in layers
        for component in ("attention", "mlp", "residual")
    ]
