"""Research in single calls, for asyncio: caches, scores, steering, patching, lenses, heads."""

from __future__ import annotations

import asyncio
import importlib
import json
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from typing import Any, Literal, Unpack, cast

import httpx
import numpy as np
from numpy.typing import ArrayLike

from .cache import ActivationCache, Harvested, Prompt, Wanted, as_prompts, has_wildcard, parts_of, wanted
from .calls import Awaiting, Call, given
from .captures import read_capture
from .errors import ConnectionLostError, fault
from .events import Event, EventParser
from .frames import Frame, FrameReader
from .results import KINDS, Attribution, Grid, Heads, Lens, Paths, Pattern, RunResult, Scores, numbers
from .routes import Routes
from .schemas import AttributionGraph, HeadNames, PathReceiver, PathRequest, PathSender, WeightsRequest, WeightsResult
from .shapes import JSON, Analysis, Harvest, Hook, Intervention, Message, RunRequest, Sweep

Names = str | Hook | Iterable[str | Hook]
"""Hook points: names as in TransformerLens with wildcards (`blocks.*.hook_resid_post`), or hooks."""

_LOOK = 0.2
"""Seconds between two looks at a harvest that is being written."""


class AsyncResearch(Routes, Awaiting):
    """What a researcher asks for, one call each. Captures are float32 unless `dtype` says otherwise."""

    # The client that this is a part of does both.
    def _stream(self, call: Call[Any]) -> AbstractAsyncContextManager[httpx.Response]:
        raise NotImplementedError

    def stream_run(self, **request: Unpack[RunRequest]) -> AsyncGenerator[Event]:
        """Begins a run and gives its events."""
        raise NotImplementedError

    # Activations

    async def harvest(self, **request: Any) -> AsyncGenerator[list[Frame]]:
        """The frames of each prompt in turn, as they come; members are those of the route."""
        hooks, prompts = request["activation_hooks"], request.get("texts") or request["tokens"]
        gathered = Harvested(len(hooks), len(prompts))
        reader = FrameReader()
        call: Call[Any] = Call("POST", "/v1/harvest", request, headers={"Accept": "application/octet-stream"})
        async with self._stream(call) as response:
            async for data in response.aiter_bytes():
                for frame in reader.feed(data):
                    for frames in gathered.take(frame):
                        yield frames
        if reader.is_within:
            raise ConnectionLostError("The harvest ended within a frame")
        for frames in gathered.rest():
            yield frames

    async def cache(
        self, prompts: Prompt | Iterable[Prompt], names: Names, *, positions: Any = None, dtype: str = "f32",
        model: str | None = None, progress: bool = True,
    ) -> ActivationCache:
        """The activations of prompts by name, nothing being generated: all prompts in one request, read in batches.

        A bar shows how far it is where tqdm is installed and somebody sees it.
        """
        listed = as_prompts(prompts)
        hooks = await self._wanted(names, given(positions=positions, dtype=dtype), model)
        cache = ActivationCache([one.name for one in hooks])
        with _bar(len(listed), progress) as bar:
            for part in parts_of(listed, len(hooks)):
                harvest = self.harvest(**given(
                    texts=part, activation_hooks=[one.hook for one in hooks], input_ids=True, model=model))
                async with aclosing(harvest):
                    async for frames in harvest:
                        by_index = {frame.hook_index: frame for frame in frames}
                        cache.add(
                            [int(token) for token in by_index[len(hooks)].values] if len(hooks) in by_index else [],
                            {one.name: by_index[place].values[0] for place, one in enumerate(hooks) if place in by_index})
                        bar.update(1)
        if len(cache.tokens) != len(listed) or not all(cache.tokens):
            raise ConnectionLostError(f"The harvest ended after {len(cache.tokens)} of {len(listed)} prompts")
        return cache

    async def store(
        self, name: str, prompts: Prompt | Iterable[Prompt], names: Names, *, positions: Any = None, dtype: str = "f32",
        shard_bytes: int | None = None, model: str | None = None, wait: bool = True, progress: bool = True,
    ) -> Harvest:
        """Keeps the activations of prompts in files on the server, under a name; `ActivationCache.load` reads them there.

        The same call again goes on at the first prompt that is not written. Without `wait` it returns at once.
        """
        listed = as_prompts(prompts)
        hooks = await self._wanted(names, given(positions=positions, dtype=dtype), model)
        call: Call[Harvest] = Call("POST", "/v1/harvest", given(
            name=name, texts=listed, activation_hooks=[{"hook_id": one.name, **one.hook} for one in hooks],
            shard_bytes=shard_bytes, model=model))
        harvest = cast(Harvest, await self._perform(call))
        with _bar(len(listed), progress and wait) as bar:
            shown = 0
            while True:
                bar.update(harvest["texts_done"] - shown)
                shown = harvest["texts_done"]
                if not wait or harvest["status"] != "running":
                    break
                await asyncio.sleep(_LOOK)
                harvest = await self.describe_harvest(name)
        if wait and (error := harvest.get("error")):
            raise fault(error)
        return harvest

    async def _wanted(self, names: Names, shared: Mapping[str, Any], model: str | None) -> list[Wanted]:
        points: Sequence[JSON] = []
        if has_wildcard(names):
            name = model or next(one["id"] for one in (await self.list_models())["data"] if one["is_current"])
            points = cast("list[JSON]", (await self.hook_points(name))["hook_points"])
        return wanted(names, points, shared)

    async def score(
        self, texts: str | Sequence[Prompt], prompt: Prompt | None = None, *, top_logprobs: int = 0,
        names: Names = (), model: str | None = None,
    ) -> Scores:
        """How likely texts are behind a prompt; with names the activations of the same passes."""
        hooks = await self._wanted(names, {"encoding": "base64"}, model)
        body = cast(JSON, await self.score_texts(**cast(Any, given(
            texts=as_prompts(texts), prompt=None if prompt is None else as_prompts(prompt)[0],
            top_logprobs=top_logprobs, model=model, activation_hooks=[one.hook for one in hooks] or None))))
        cache = ActivationCache([one.name for one in hooks])
        for score in body["scores"]:
            found = score.get("activations") or {}
            named = {one.name: found.get(one.hook.get("hook_id") or one.hook["layer_name"]) for one in hooks}
            cache.add([token["token_id"] for token in score["tokens"]], {
                name: read_capture(tensors[0]).values[0] for name, tensors in named.items() if tensors})
        return Scores(body, cache)

    # Runs

    async def run(
        self, prompt: Prompt | Sequence[Message], names: Names = (), *,
        interventions: Sequence[Intervention] = (), analyses: Sequence[Analysis] = (), max_tokens: int = 20,
        temperature: float = 0, dtype: str = "f32", **options: Any,
    ) -> RunResult:
        """A whole run: its text, what it captured, what was analysed. It is greedy unless `temperature` says otherwise."""
        hooks = await self._wanted(names, {"dtype": dtype}, options.get("model"))
        result = RunResult()
        request = {**_begun(prompt), **given(
            activation_hooks=[{"hook_id": one.name, **one.hook} for one in hooks], interventions=list(interventions),
            analyses=list(analyses), max_tokens=max_tokens, temperature=temperature, **options)}
        events = self.stream_run(**cast(RunRequest, request))
        async with aclosing(events):
            async for event in events:
                result.add(event)
        return result

    async def steer(
        self, prompt: Prompt | Sequence[Message], vector: ArrayLike, at: str | Sequence[str], *, strength: float = 1,
        positions: Any = None, **options: Any,
    ) -> RunResult:
        """A run with a vector added to the activations at some points, at all positions unless some are named."""
        added = [
            cast(Intervention, given(layer_name=name, kind="add", vector=np.asarray(vector, np.float32).reshape(-1),
                                     strength=strength, positions=positions))
            for name in ([at] if isinstance(at, str) else at)]
        return await self.run(prompt, interventions=added, **options)

    # Circuits

    async def patch(
        self, clean: Prompt | Sequence[Prompt], corrupted: Prompt | Sequence[Prompt], answer: Any, wrong: Any,
        component: str = "resid_post", *, by: Literal["layer", "head", "position"] | None = None,
        layers: Sequence[int] | None = None, model: str | None = None,
    ) -> Grid:
        """What of a behaviour comes back when a clean run's activations are put into a corrupted one, place by place."""
        return await self._sweep("activation_patching", clean, answer, wrong, component, corrupted=_contrasts(corrupted),
                                 by=by, layers=layers, model=model)

    async def patch_paths(
        self, clean: Prompt | Sequence[Prompt], corrupted: Prompt | Sequence[Prompt], answer: Any, wrong: Any,
        receivers: Sequence[PathReceiver | Sequence[PathReceiver]], senders: Sequence[PathSender | Sequence[PathSender]] | None = None,
        *, direction: Literal["noising", "denoising"] | None = None, frozen: Sequence[Literal["heads", "mlps"]] | None = None,
        model: str | None = None,
    ) -> Paths:
        """What of a behaviour goes from senders (each head, unless some are named) to receivers, everything else held fixed.

        Places are `{"component": "z", "layer": 4, "head": 1}`; a list of places acts together.
        """
        request = given(
            analysis="path_patching", clean=_contrasts(clean), corrupted=_contrasts(corrupted), answer=answer, wrong=wrong,
            senders=senders, receivers=receivers, direction=direction, frozen=frozen, model=model)
        return Paths(cast(JSON, await self.analyse_paths(**cast(PathRequest, request))))

    async def weight_circuits(
        self, layers: Sequence[int] | None = None, *, fold_norms: bool | None = None, directions: int | None = None,
        top: int | None = None, vectors: bool | None = None, edges: int | None = None, model: str | None = None,
    ) -> WeightsResult:
        """What heads do by their weights alone: what each asks for and moves, and which read what earlier ones write."""
        request = given(analysis="weight_circuits", layers=layers, fold_norms=fold_norms, directions=directions, top=top,
                        vectors=vectors, edges=edges, model=model)
        return await self.analyse_weights(**cast(WeightsRequest, request))

    async def ablate(
        self, prompts: Prompt | Sequence[Prompt], answer: Any, wrong: Any, component: str = "z", *,
        kind: Literal["zero", "mean"] = "zero", by: Literal["layer", "head", "position"] | None = None,
        layers: Sequence[int] | None = None, model: str | None = None,
    ) -> Grid:
        """What a behaviour loses when one place after the other is taken away."""
        return await self._sweep("ablation", prompts, answer, wrong, component, kind=kind, by=by, layers=layers, model=model)

    async def _sweep(
        self, analysis: str, clean: Prompt | Sequence[Prompt], answer: Any, wrong: Any, component: str, **more: Any,
    ) -> Grid:
        sweep = given(analysis=analysis, clean=_contrasts(clean), answer=answer, wrong=wrong, component=component, **more)
        return Grid(cast(JSON, await self.analyse(**cast(Sweep, sweep))))

    async def heads(
        self, prompts: Prompt | Iterable[Prompt], *, layers: Sequence[int] | None = None, model: str | None = None,
    ) -> Heads:
        """What heads attend to, the mean over the prompts: random tokens given twice show induction."""
        found = [
            await self._analysed("head_scores", prompt, model, layers=layers) for prompt in as_prompts(prompts)]
        sums = {kind: sum(numbers(one[kind]) * one["counts"][kind] for one in found) for kind in KINDS}
        counts = {kind: sum(one["counts"][kind] for one in found) for kind in KINDS}
        means = {kind: sums[kind] / counts[kind] if counts[kind] else sums[kind] * np.nan for kind in KINDS}
        return Heads(found[0]["layers"], **means)

    async def named_heads(self, model: str | None = None) -> HeadNames:
        """Which of the known kinds each head of a model is; waits for the job that finds it, where nobody has asked before."""
        name = model or next(one["id"] for one in (await self.list_models())["data"] if one["is_current"])
        while (found := await self.name_heads(name))["status"] == "running":
            await asyncio.sleep(_LOOK)
        return found

    async def lens(
        self, prompt: Prompt, *, layers: Sequence[int] | None = None, positions: Any = "all", top: int = 5,
        model: str | None = None,
    ) -> Lens:
        """What each layer would say next, at each position."""
        one = as_prompts(prompt)[0]
        result = await self.run(one, max_tokens=1, analyses=[cast(Analysis, given(
            name="logit_lens", layers=layers, positions=positions, top=top))], model=model)
        return Lens(result.analyses["logit_lens"][0], result.prompt)

    async def attention(self, prompt: Prompt, layer: int, *, model: str | None = None) -> Pattern:
        """What the heads of a layer attend to in a prompt."""
        name = f"blocks.{layer}.attn.hook_pattern"
        result = await self.run(as_prompts(prompt)[0], name, max_tokens=1, model=model)
        return Pattern(layer, result.prompt, result.captures[name][0].values[0])

    async def attribute(
        self, prompt: Prompt, answer: Any = None, versus: Any = None, *, model: str | None = None,
    ) -> Attribution:
        """What each head and MLP adds to the logit of an answer, less that of another, at the last position."""
        return Attribution(await self._analysed(
            "direct_logit_attribution", as_prompts(prompt)[0], model, answer=answer, versus=versus))

    async def graph(
        self, prompt: Any = None, *, run_id: str | None = None, step: int | None = None, answer: Any = None, wrong: Any = None,
        node_threshold: float | None = None, edge_threshold: float | None = None, max_nodes: int | None = None,
        model: str | None = None, progress: bool = True,
    ) -> AttributionGraph:
        """What made a token: the attribution graph of a prompt (a text, tokens or messages) or of a run's step.

        It is kept on the server, under `graph["metadata"]["slug"]`. A bar shows how far it is where tqdm is installed and somebody sees it.
        """
        request = given(
            analysis="attribution_graph", **({} if prompt is None else _begun(prompt)), run_id=run_id, step=step, answer=answer,
            wrong=wrong, node_threshold=node_threshold, edge_threshold=edge_threshold, max_nodes=max_nodes, model=model, stream=True)
        parser, slug, done = EventParser(), None, 0
        with _bar(None, progress, "step") as bar:
            async with self._stream(Call("POST", "/v1/analyses", request)) as response:
                async for data in response.aiter_bytes():
                    for line in parser.feed(data):
                        event = json.loads(line.data)
                        if event["type"] == "error":
                            raise fault(event["error"])
                        if event["type"] == "analysis.progress":
                            bar.total = event["total"]
                            bar.update(event["done"] - done)
                            done = event["done"]
                        slug = event.get("slug", slug)
        if slug is None:
            raise ConnectionLostError("The analysis ended before its result")
        return await self.describe_graph(slug)

    async def flow(
        self, prompt: Prompt, *, threshold: float | None = None, granularity: Literal["layer", "head", "head_source"] | None = None,
        keep: int | None = None, max_edges: int | None = None, model: str | None = None,
    ) -> JSON:
        """The flow of information into what comes next behind a prompt: nodes, and the share of each edge in its target."""
        return await self._analysed(
            "information_flow", as_prompts(prompt)[0], model, threshold=threshold, granularity=granularity, keep=keep, max_edges=max_edges)

    async def _analysed(self, name: str, prompt: str | list[int], model: str | None, **parameters: Any) -> JSON:
        result = await self.run(
            prompt, max_tokens=1, analyses=[cast(Analysis, given(name=name, **parameters))], model=model)
        return result.analyses[name][0]


def _begun(prompt: Any) -> JSON:
    """What a run begins with: a text, tokens, or messages."""
    if isinstance(prompt, str):
        return {"prompt": prompt}
    listed = list(prompt)
    return {"messages": listed} if listed and isinstance(listed[0], dict) else {"tokens": [int(token) for token in listed]}


def _contrasts(prompts: Any) -> list[Any]:
    return [one if isinstance(one, str) else {"tokens": one} for one in as_prompts(prompts)]


class _NoBar:
    def __enter__(self) -> _NoBar:
        return self

    def __exit__(self, *_: Any) -> None: ...

    total: int | None = None

    def update(self, count: int) -> None: ...


def _bar(total: int | None, is_wanted: bool, unit: str = "prompt") -> Any:
    """tqdm's bar where it is installed; it shows itself only to somebody who sees it."""
    try:
        tqdm = importlib.import_module("tqdm.auto").tqdm if is_wanted else None
    except ImportError:
        tqdm = None
    return tqdm(total=total, unit=unit, disable=None) if tqdm else _NoBar()
