"""Research in single calls: caches, scores, steering, patching, lenses, heads, and how their results show themselves."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import numpy as np
import pytest
from conftest import MODEL, Server
from safetensors.numpy import load_file

from neuroscope import ActivationCache, AsyncNeuroScopeClient, Captures, NeuroScopeClient, NeuroScopeError
from neuroscope.cache import parts_of
from neuroscope.schemas import PathSender

TEXTS = ["The capital of France is", "Once upon a time there was a robot", "One"]
TRUTH = json.loads((MODEL / "circuits.json").read_text())
REPEATED = [sequence[:48] for sequence in TRUTH["heads_by_attention"]["sequences"]]
IOI = TRUTH["ioi"]["prompts"]


def test_a_cache_has_arrays_by_name_filled_up_with_nan(client: NeuroScopeClient) -> None:
    cache = client.cache(TEXTS, ["blocks.*.hook_resid_post", "blocks.5.attn.hook_pattern"])
    assert len(cache) == 25 and list(cache)[0] == "blocks.0.hook_resid_post"
    longest = max(cache.lengths)
    assert cache["blocks.3.hook_resid_post"].shape == (3, longest, 128)
    assert cache["pattern", 5].shape == (3, 4, longest, longest)
    assert cache.stack("resid_post").shape == (24, 3, longest, 128)
    for index, length in enumerate(cache.lengths):
        values = cache["resid_post", 3][index]
        assert np.isfinite(values[:length]).all() and np.isnan(values[length:]).all()
        assert cache.prompt(index)["blocks.5.attn.hook_pattern"].shape == (4, length, length)
        np.testing.assert_array_equal(cache.prompt(index)["blocks.3.hook_resid_post"], values[:length])
    with pytest.raises(KeyError, match="near: blocks"):
        cache["blocks.3.hook_resid_pos"]
    with pytest.raises(ValueError, match="matches no hook point"):
        client.cache(TEXTS, "blocks.*.hook_residual")


def test_a_cache_has_the_bits_of_a_run(client: NeuroScopeClient) -> None:
    name = "blocks.7.hook_mlp_out"
    cache = client.cache(TEXTS, name)
    for index, text in enumerate(TEXTS):
        run = client.run(text, name, max_tokens=1)
        assert run.prompt_tokens == cache.tokens[index]
        np.testing.assert_array_equal(run.array(name)[0], cache.prompt(index)[name])
        events = Captures.of_events(client.stream_run(
            prompt=text, max_tokens=1, hooks=[{"layer_name": name, "hook_id": "f32"}]))
        np.testing.assert_array_equal(events.array("f32")[0], cache.prompt(index)[name])
    rounded = client.cache(TEXTS, name, dtype="bf16")
    assert not np.array_equal(rounded.prompt(0)[name], cache.prompt(0)[name])
    np.testing.assert_allclose(rounded.prompt(0)[name], cache.prompt(0)[name], rtol=2**-8)


def test_prompts_may_be_arrays_and_positions_few(client: NeuroScopeClient) -> None:
    name = "blocks.2.hook_resid_post"
    tokens = client.cache("Once upon a time", name).tokens[0]
    for prompt in (tokens, np.array(tokens), [np.array(tokens, np.int32)], np.array([tokens, tokens])):
        cache = client.cache(prompt, name, positions="last")
        assert cache[name].shape == (len(cache.tokens), 1, 128) and cache.tokens[0] == tokens
    hooked = client.cache(TEXTS, [{"layer_name": "transformer.h.2", "component": "residual", "hook_id": "mine"}])
    np.testing.assert_array_equal(hooked["mine"], client.cache(TEXTS, name)[name])
    late = client.cache(TEXTS, name, positions=[4])
    assert np.isnan(late[name][2]).all() and np.isfinite(late[name][0]).all()


def test_many_prompts_become_several_requests(monkeypatch: pytest.MonkeyPatch, client: NeuroScopeClient) -> None:
    monkeypatch.setattr("neuroscope.cache.REQUEST_PROMPTS", 7)
    prompts = [[3 + index % 90] * (1 + index % 5) for index in range(40)]
    assert [len(part) for part in parts_of([*prompts], 1)] == [7, 7, 7, 7, 7, 5]
    cache = client.cache(prompts, "blocks.0.hook_resid_post", progress=False)
    assert cache.tokens == prompts


def test_wildcards_are_of_the_model_that_is_asked(client: NeuroScopeClient) -> None:
    client.load_model(str(MODEL), "second", max_kv_size=64)
    try:
        assert next(one["id"] for one in client.list_models()["data"] if one["is_current"]) == "second"
        for model in (None, "second", "circuits-5m"):
            assert len(client.cache("One", "blocks.*.hook_mlp_out", model=model)) == 24
        with pytest.raises(NeuroScopeError, match="1 to 64 tokens, the context of second"):
            client.cache([[5] * 65], "blocks.*.hook_mlp_out")
    finally:
        client.unload_model("second")


def test_a_cache_is_written_as_it_is(client: NeuroScopeClient, tmp_path: Path) -> None:
    cache = client.cache(TEXTS, "blocks.1.hook_resid_post")
    cache.to_safetensors(tmp_path / "cache.safetensors")
    loaded = load_file(tmp_path / "cache.safetensors")
    for index in range(3):
        np.testing.assert_array_equal(
            loaded[f"blocks.1.hook_resid_post/{index:06d}"], cache.prompt(index)["blocks.1.hook_resid_post"])
        assert loaded[f"input_ids/{index:06d}"].tolist() == cache.tokens[index]
    again = ActivationCache.load(tmp_path / "cache.safetensors")
    assert again.tokens == cache.tokens
    np.testing.assert_array_equal(again["blocks.1.hook_resid_post"], cache["blocks.1.hook_resid_post"])
    assert "3 prompts" in repr(cache) and "<span" in cache._repr_html_()


def test_what_the_server_keeps_is_what_a_cache_has(client: NeuroScopeClient, server: Server) -> None:
    names = ["blocks.*.hook_mlp_out", "blocks.5.attn.hook_pattern"]
    for dtype in ("f32", "bf16"):
        kept = client.store(f"kept-{dtype}", TEXTS, names, dtype=dtype, shard_bytes=1 << 16)
        assert kept["status"] == "complete" and kept["texts_done"] == 3 and len(kept["files"]) > 3
        loaded, cache = ActivationCache.load(Path(server.folder, "harvests", kept["name"])), client.cache(TEXTS, names, dtype=dtype)
        assert loaded.tokens == cache.tokens and list(loaded) == list(cache)
        for name in cache:
            np.testing.assert_array_equal(loaded[name], cache[name])
    shard = next(file["name"] for file in client.describe_harvest("kept-f32")["files"] if file["name"].startswith("harvest-"))
    assert len(client.harvest_file("kept-f32", shard)) > 1 << 10
    again = client.store("kept-f32", TEXTS, names, shard_bytes=1 << 16, wait=False)
    assert again["texts_done"] == 3
    with pytest.raises(NeuroScopeError, match="harvest with other tokens"):
        client.store("kept-f32", [*TEXTS, "Two"], names, shard_bytes=1 << 16)
    single = load_file(Path(server.folder, "harvests", "kept-f32", shard))
    assert all(name.rsplit("/", 1)[0] in cache for name in single)
    assert {one["name"] for one in client.list_harvests()["harvests"]} == {"kept-f32", "kept-bf16"}
    assert client.delete_harvest("kept-f32")["status"] == "deleted"


def test_texts_are_scored_with_the_activations_of_the_same_passes(client: NeuroScopeClient) -> None:
    scores = client.score([" Paris", " London"], "The capital of France is", names="blocks.20.hook_resid_post")
    assert scores.logprobs[0] > scores.logprobs[1] and scores["scores"][0]["is_greedy"]
    plain = client.score([" Paris", " London"], "The capital of France is")
    assert plain.logprobs.tolist() == scores.logprobs.tolist() and len(plain.cache) == 0
    assert [float(one.sum()) for one in plain.token_logprobs] == pytest.approx(plain.logprobs.tolist())
    whole = client.cache("The capital of France is Paris", "blocks.20.hook_resid_post")
    np.testing.assert_array_equal(
        scores.cache["blocks.20.hook_resid_post"][0], whole["blocks.20.hook_resid_post"][0])
    assert len(scores.table()) == 2 and scores._repr_html_().count("<p>") == 2


def test_heads_are_those_of_the_ground_truth(client: NeuroScopeClient) -> None:
    heads = client.heads(REPEATED[:4])
    alone = [client.heads(sequence) for sequence in REPEATED[:4]]
    np.testing.assert_allclose(heads.induction, np.mean([one.induction for one in alone], axis=0), atol=1e-6)
    assert heads.induction.shape == (24, 4) and heads.top("induction", 1)[0][2] > 0.8
    assert len(heads.table()) == 96 and heads._repr_html_().count("<table") == 3
    with pytest.raises(ValueError, match="known: previous_token"):
        heads.top("name_mover")


def test_attribution_and_patching_are_those_of_the_ground_truth(client: NeuroScopeClient) -> None:
    truth = TRUTH["direct_logit_attribution"][0]
    found = client.attribute(truth["ids"], truth["answer_id"], truth["wrong_id"])
    np.testing.assert_allclose(found.heads, truth["heads"], atol=2e-3)
    np.testing.assert_allclose(found.mlp, truth["mlp"], atol=2e-3)
    assert found.logit == pytest.approx(truth["total"], abs=2e-3)
    assert found.top(1)[0][2] == pytest.approx(np.max(truth["heads"]), abs=2e-3)
    clean, corrupted = IOI[0]["ids"], TRUTH["patching"]["swap"]["corrupt_ids"][0]
    grid = client.patch(clean, np.array(corrupted), " Mary", " John", layers=[3, 8])
    assert grid.axis == "position" and grid.effect.shape == (2, len(clean)) and abs(grid.effect[0, 9] - 1) < 0.1
    ablated = client.ablate([one["ids"] for one in IOI[:4]], [one["answer_id"] for one in IOI[:4]],
                            [one["wrong_id"] for one in IOI[:4]], kind="mean", layers=[4])
    assert ablated.effect.shape == (1, 4) and len(ablated.table()) == 4 and "<table" in ablated._repr_html_()


def test_paths_go_from_senders_to_receivers(client: NeuroScopeClient) -> None:
    clean, corrupted = IOI[0]["ids"], TRUTH["patching"]["swap"]["corrupt_ids"][0]
    senders: list[PathSender | list[PathSender]] = [
        {"component": "z", "layer": 20, "head": 1}, [{"component": "embed"}, {"component": "mlp_out", "layer": 0}]]
    found = client.patch_paths(
        clean, corrupted, " Mary", " John", [{"component": "q", "layer": 9}, {"component": "logits"}], senders, direction="denoising")
    assert found.senders == ["z.20.1", "embed + mlp_out.0"] and found.receivers == ["q.9", "logits"]
    assert np.isnan(found.effect[0, 0]) and np.isfinite(found.effect[1]).all() and len(found.top()) == 3
    assert len(found.table()) == 3 and "<table" in found._repr_html_() and "denoising" in repr(found)


def test_heads_have_names(client: NeuroScopeClient) -> None:
    found = client.named_heads()
    kinds = {(one["layer"], one["head"]): one["kinds"] for one in found["heads"]}
    for kind in ("previous_token", "induction"):
        scores = np.array(TRUTH["heads_by_attention"][kind])
        best = np.unravel_index(np.argmax(scores), scores.shape)
        assert dict(kinds[int(best[0]), int(best[1])])[kind] == pytest.approx(1, abs=0.3)
    assert client.named_heads("circuits-5m") == found and [one["name"] for one in found["tests"]] == ["repeats", "copies", "names"]


def test_circuits_in_weights_are_those_of_numpy(client: NeuroScopeClient) -> None:
    found = client.weight_circuits([0, 3], directions=1, top=2, vectors=True, edges=3)
    assert [(one["layer"], one["head"]) for one in found["heads"]] == [(layer, head) for layer in (0, 3) for head in range(4)]
    ov = found["heads"][4]["ov"]
    assert np.isclose(np.linalg.norm(ov["singular_values"]), ov["norm"] or 0, rtol=1e-5)
    assert np.isclose(np.linalg.norm(ov["directions"][0]["read"]), 1, rtol=1e-5) and len(ov["directions"][0]["to"]) == 2
    keys = found["composition"]["k"]
    assert len(keys) == 3 and keys[0]["score"] >= keys[1]["score"] and keys[0]["prefix_matching"] is not None
    assert keys[0]["excess"] == pytest.approx(keys[0]["score"] - found["composition"]["baseline"], abs=1e-6)
    with pytest.raises(NeuroScopeError, match="layers"):
        client.weight_circuits([24])


def test_attention_is_the_pattern_of_a_prompt(client: NeuroScopeClient) -> None:
    pattern, cache = client.attention(TEXTS[0], 5), client.cache(TEXTS[:1], "blocks.5.attn.hook_pattern")
    np.testing.assert_array_equal(pattern.values, cache["pattern", 5][0])
    np.testing.assert_allclose(pattern.values.sum(axis=-1), 1, atol=1e-5)
    assert "".join(pattern.prompt).strip() == TEXTS[0] and len(pattern.table()) == pattern.values[..., 0].size


def test_a_lens_tells_what_each_layer_would_say(client: NeuroScopeClient) -> None:
    lens = client.lens("The capital of France is", top=2)
    assert lens.top[23][len(lens.positions) - 1][0] == " Paris"
    assert lens.ranks.shape == (24, len(lens.positions)) and lens.logprobs[23, 1] <= 0
    assert len(lens.table()) == 24 * len(lens.positions) and "Paris" in lens._repr_html_()


def test_a_vector_steers_and_two_runs_are_compared(client: NeuroScopeClient) -> None:
    name = "blocks.12.hook_resid_post"
    plain = client.run("The capital of France is", name, max_tokens=3)
    same = client.run("The capital of France is", name, max_tokens=3)
    assert client.diff(plain, same).is_equal and plain.text == " Paris."
    vector = np.random.default_rng(1).normal(size=128).astype(np.float32)
    for one in (vector, vector.astype(np.float64), vector.tolist()):
        steered = client.steer("The capital of France is", one, name, strength=40, names=[name], max_tokens=3)
        difference = client.diff(plain, steered)
        np.testing.assert_allclose(difference.arrays[name], np.broadcast_to(40 * vector, plain.captures[name][0].values.shape),
                                   atol=1e-3, rtol=1e-4)
        assert not difference.is_equal and "rms" in str(difference.table()) and "<p>" in difference._repr_html_()
    assert client.steer("The capital of France is", vector, name, strength=0, max_tokens=3).text == plain.text
    left, right = client.cache(TEXTS, name), client.cache(TEXTS, name)
    assert client.diff(left, right).is_equal
    assert len(plain.table()) == 3 and "Paris" in plain._repr_html_()


def test_both_clients_say_the_same(server: Server, client: NeuroScopeClient) -> None:
    async def asked() -> tuple[np.ndarray, str, float]:
        async with AsyncNeuroScopeClient(server.url) as other:
            cache = await other.cache(TEXTS, "blocks.*.hook_mlp_out")
            run = await other.run("Once upon a time", max_tokens=4)
            scores = await other.score(TEXTS)
            return cache.stack("mlp_out"), run.text, float(scores.logprobs[0])

    stacked, text, logprob = asyncio.run(asked())
    np.testing.assert_array_equal(stacked, client.cache(TEXTS, "blocks.*.hook_mlp_out").stack("mlp_out"))
    assert text == client.run("Once upon a time", max_tokens=4).text
    assert logprob == client.score(TEXTS).logprobs[0]


def test_a_refusal_comes_before_anything_is_read(client: NeuroScopeClient) -> None:
    with pytest.raises(NeuroScopeError) as refused:
        client.cache([[1], [999999]], "blocks.0.hook_resid_post")
    assert refused.value.details["field"] == "texts[1][0]"
    with pytest.raises(NeuroScopeError) as refused:
        client.cache("Hi", "transformer.h.3")
    assert refused.value.details["field"] == "activation_hooks[0].component"
