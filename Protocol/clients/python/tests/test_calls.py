"""Every call against the real server."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import numpy as np
import pytest
from conftest import FRANCE, MODEL, residuals, settled
from safetensors.numpy import load

from neuroscope import NeuroScopeClient, create_circuit_analysis_hooks
from neuroscope.shapes import CompletionOptions, Sweep

GREEDY: CompletionOptions = {"temperature": 0, "max_tokens": 20}


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end


def test_it_connects(client: NeuroScopeClient) -> None:
    health = client.health_check()
    assert (health["status"], health["service"], health["ready"]) == ("healthy", "mlx-engine-neuroscope", True)
    assert "residual" in client.capabilities()["components"]
    assert "/v1/runs" in client.open_api()["paths"]


def test_every_operation_of_the_api_has_a_method(client: NeuroScopeClient) -> None:
    others = {"health": "health_check", "openAPI": "open_api", "chatWithActivations": "generate_with_activations",
              "runSocket": "socket"}
    pages = {"page", "pageFile", "reference", "loginPage", "logIn", "logOut", "metrics"}
    for methods in client.open_api()["paths"].values():
        for name in (one["operationId"] for one in methods.values() if "operationId" in one):
            snake = others.get(name) or re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name)
            assert name in pages or hasattr(client, snake), f"{name} has no method"


def test_a_run_is_analysed(client: NeuroScopeClient) -> None:
    assert any(one["name"] == "logit_lens" for one in client.list_analyses()["live"])
    events = list(client.stream_run(prompt="Paris", max_tokens=2, analyses=[{"name": "logit_lens", "top": 1}]))
    assert len(next(event for event in events if event.type == "analysis")["result"]["layers"]) == 24
    sweep = client.analyse(
        analysis="ablation", component="mlp_out", layers=[0, 5], clean="The capital of France is", answer=" Paris",
        wrong=" Rome")
    assert sweep["layers"] == [0, 5] and len(sweep["effect"]) == 2


def test_an_analysis_is_a_run_of_its_own(client: NeuroScopeClient) -> None:
    asked: Sweep = {
        "analysis": "ablation", "component": "mlp_out", "layers": [0, 5], "clean": "The capital of France is",
        "answer": " Paris", "wrong": " Rome"}
    detached: Sweep = {**asked, "detach": True}
    run = client.start_analysis(**detached)
    events = list(client.events(run["run_id"]))
    assert [events[0].type, events[-2].type, events[-1].type] == ["job.started", "analysis.result", "run.finished"]
    found = client.describe_run(run["run_id"])
    assert found["job"] == {"analysis": "ablation", "done": 3, "total": 3}
    assert found["result"]["effect"] == events[-2]["effect"] == client.analyse(**asked)["effect"]


def test_models_are_loaded_described_unloaded(client: NeuroScopeClient) -> None:
    assert any(model["id"] == "circuits-5m" for model in client.available_models()["models"])
    facts = client.load_model(str(MODEL), "second", max_kv_size=256)
    assert (facts["model_id"], facts["status"], facts["num_layers"]) == ("second", "loaded", 24)
    assert any(model["id"] == "second" and model["is_current"] for model in client.list_models()["data"])
    assert client.describe_model("second")["context_length"] == 256
    assert len(client.hook_points("second")["hook_points"]) > 24
    assert client.unload_model("second")["status"] == "unloaded"


def test_it_chats_and_completes(client: NeuroScopeClient) -> None:
    answer = client.chat(FRANCE, temperature=0, max_tokens=20, logprobs=True, top_logprobs=2)
    assert "Paris" in answer.text and answer.finish_reason == "stop" and len(answer.captures) == 0
    assert len(answer.body["choices"][0]["logprobs"]["content"][0]["top_logprobs"]) == 2
    assert answer.usage["total_tokens"] == answer.usage["prompt_tokens"] + answer.usage["completion_tokens"]
    assert client.complete("The capital of France is", temperature=0, max_tokens=3).text


def test_a_streamed_answer_says_the_same(client: NeuroScopeClient) -> None:
    whole = client.chat(FRANCE, seed=3, max_tokens=20)
    with client.chat(FRANCE, seed=3, max_tokens=20, stream=True, stream_options={"include_usage": True}) as stream:
        assert stream.run_id and stream.run_id.startswith("run_")
        chunks = list(stream)
    assert "".join(chunk.text for chunk in chunks) == whole.text
    assert chunks[-1].body["usage"]["total_tokens"] == whole.usage["total_tokens"]
    pieces = client.complete("The capital of France is", temperature=0, max_tokens=3, stream=True)
    assert "".join(chunk.text for chunk in pieces) == client.complete(
        "The capital of France is", temperature=0, max_tokens=3).text


def test_activations_are_arrays_whole_and_streamed(client: NeuroScopeClient) -> None:
    hooks = client.create_circuit_analysis_hooks([5, 10])
    assert [hook["hook_id"] for hook in hooks] == [
        "attention_5", "mlp_5", "residual_5", "attention_10", "mlp_10", "residual_10"]
    assert len(create_circuit_analysis_hooks()) == 12
    answer = client.generate_with_activations(FRANCE, hooks, **GREEDY)
    streamed = [
        capture for chunk in client.generate_with_activations(FRANCE, hooks, stream=True, **GREEDY)
        for capture in chunk.captures if capture.hook_id == "mlp_10"]
    assert list(answer.captures) == [hook["hook_id"] for hook in hooks]
    assert len(streamed) == len(answer.captures["mlp_10"]) == answer.usage["completion_tokens"]
    for one, other in zip(streamed, answer.captures["mlp_10"]):
        assert one.values.dtype == np.float32 and one.values.shape[2] == 128 and one.positions == other.positions
        np.testing.assert_array_equal(one.values, other.values)


@pytest.mark.parametrize("dtype", ["f16", "bf16", "i8"])
def test_every_type_of_element_comes_back_as_numbers(client: NeuroScopeClient, dtype: str) -> None:
    exact = client.generate_with_activations(FRANCE, residuals(5), **GREEDY).captures.array("layer_5")
    hooks = residuals(5)
    hooks[0]["dtype"] = dtype  # type: ignore[typeddict-item]
    found = client.generate_with_activations(FRANCE, hooks, **GREEDY).captures.array("layer_5")
    error = np.abs(found - exact).max()
    assert 0 < error < np.abs(exact).max() / 200


def test_hooks_are_registered_listed_used_cleared(client: NeuroScopeClient) -> None:
    assert client.register_hooks(residuals(7), "circuits-5m")["registered_hooks"] == ["layer_7"]
    assert client.list_hooks("circuits-5m")["hooks"][0]["hook_id"] == "layer_7"
    run = client.start_run(prompt="Hi", max_tokens=1, use_registered_hooks=True, detach=True)
    assert run["hooks"][0]["hook_id"] == "layer_7"
    assert client.clear_hooks()["status"] == "hooks cleared"
    assert client.list_hooks()["hooks"] == []


def test_text_becomes_tokens_and_text_again(client: NeuroScopeClient) -> None:
    found = client.tokenize("Paris is big")
    assert len(found["tokens"]) == len(found["pieces"])
    assert client.detokenize(found["tokens"])["text"] == "Paris is big"
    assert "capital of France" in client.apply_template(FRANCE)["prompt"]


def test_a_run_is_steered(client: NeuroScopeClient) -> None:
    run = client.start_run(
        prompt="Once upon a time", ignore_eos=True, max_tokens=30, detach=True, start="paused", hooks=residuals(3))
    run_id = run["run_id"]
    assert any(one["run_id"] == run_id for one in client.list_runs()["runs"])
    client.step(run_id, 4)
    until(lambda: client.describe_run(run_id)["completion_tokens"] == 4)
    applied = client.intervene(run_id, {
        "layer_name": "transformer.h.10", "component": "mlp", "kind": "scale", "strength": 0, "intervention_id": "off"})
    assert (applied["intervention_id"], applied["first_step"]) == ("off", 4)
    assert client.remove_intervention(run_id, "off")["intervention_id"] == "off"
    client.intervene(run_id, {"layer_name": "transformer.h.10", "component": "mlp", "kind": "zero"})
    assert len(client.clear_interventions(run_id)["removed"]) == 1
    assert len(client.change_hooks(run_id, add=residuals(4))["hooks"]) == 2
    assert [one["watch_index"] for one in client.change_watches(run_id, add=[{"text": "?"}, {"text": "!"}])["watches"]] == [0, 1]
    assert [one["text"] for one in client.change_watches(run_id, remove=[0])["watches"]] == ["!"]
    client.rewind(run_id, 1)
    until(lambda: client.describe_run(run_id)["completion_tokens"] == 2)
    child = client.fork(run_id, max_tokens=10, start="paused")
    assert child["parent_run_id"] == run_id
    assert client.cancel_run(child["run_id"])["run_id"] == child["run_id"]
    client.resume(run_id)
    settled(client, run_id, "finished")
    frames = client.frames(run_id, hook="layer_3", from_seq=0)
    assert frames and all((frame.layer, frame.component) == (3, "residual") for frame in frames)


def test_a_running_run_pauses(client: NeuroScopeClient) -> None:
    run_id = client.start_run(prompt="Hi", ignore_eos=True, max_tokens=450, detach=True)["run_id"]
    client.pause(run_id)
    settled(client, run_id, "paused")
    client.cancel_run(run_id)
    settled(client, run_id, "cancelled")


def test_a_recording_is_fetched_exported_verified_replayed_deleted(client: NeuroScopeClient) -> None:
    run = client.start_run(prompt="Hi", max_tokens=4, record=True, detach=True, hooks=residuals(3))
    settled(client, run["run_id"], "finished")
    recording = run["recording_id"]
    assert recording
    assert any(one["recording_id"] == recording for one in client.list_recordings()["recordings"])
    assert client.describe_recording(recording)["complete"]
    assert client.recording_file(recording)[1:4] == b"NSR"
    assert client.export_recording(recording, "npz")[:2] == b"PK"
    assert load(client.export_recording(recording, dtype="f32"))
    assert client.verify_recording(recording)["ok"]
    replay = client.replay_recording(recording, speed=0)["run_id"]
    settled(client, replay, "finished")
    assert [frame.data for frame in client.frames(replay)] == [frame.data for frame in client.frames(run["run_id"])]
    assert client.delete_recording(recording)["status"] == "deleted"


def test_scenarios_are_listed_and_played(client: NeuroScopeClient) -> None:
    assert len(client.list_scenarios()["scenarios"]) >= 15
    run_id = client.run_scenario("basic_check", temperature=0, detach=True)["run_id"]
    text = settled(client, run_id, "finished")["text"]
    assert "7" in text or "seven" in text
