"""What research asks for, as numbers with names: each has a table, a picture and a view in notebooks."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .cache import ActivationCache
from .captures import Captures
from .events import Event
from .frames import Values
from .shapes import JSON
from .tables import axes, grid_html, plot_grid, table

Numbers = NDArray[np.float64]


def numbers(values: Any) -> Numbers:
    """Nested lists as an array; what was not finite is NaN."""
    return np.array(values, dtype=np.float64)


def _layers(layers: Sequence[int]) -> list[str]:
    return [str(layer) for layer in layers]


@dataclass(frozen=True)
class Scores(Mapping[str, Any]):
    """How likely texts are; the server's JSON by its own names, and as arrays."""

    body: JSON
    cache: ActivationCache = field(default_factory=lambda: ActivationCache([]), repr=False)
    """What the same passes captured, where names were given."""

    def __getitem__(self, name: str) -> Any:
        return self.body[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.body)

    def __len__(self) -> int:
        return len(self.body)

    @property
    def logprobs(self) -> Numbers:
        """Of each text, summed over its tokens; natural logarithms."""
        return numbers([score["logprob"] for score in self.body["scores"]])

    @property
    def token_logprobs(self) -> list[Numbers]:
        """Of each text, token by token."""
        return [numbers([token["logprob"] for token in score["tokens"]]) for score in self.body["scores"]]

    def table(self) -> Any:
        """A row for each text."""
        return table([
            {"text": "".join(token["token"] for token in score["tokens"]), "logprob": score["logprob"],
             "mean_logprob": score["mean_logprob"], "tokens": len(score["tokens"]), "is_greedy": score["is_greedy"]}
            for score in self.body["scores"]])

    def plot(self, ax: Any = None) -> Any:
        """A bar for each text."""
        drawn = axes(ax)
        drawn.barh(range(len(self.logprobs)), self.logprobs)
        drawn.set(xlabel="log probability", ylabel="text")
        return drawn

    def _repr_html_(self) -> str:
        return "".join(_tokens_html(
            [token["token"] for token in score["tokens"]], [token["logprob"] for token in score["tokens"]])
            for score in self.body["scores"])


def _tokens_html(pieces: Sequence[str], logprobs: Sequence[float]) -> str:
    """Tokens one behind the other; the less likely, the redder."""
    return "<p>" + "".join(
        f"<span title='{logprob:.3f}' style='background:rgba(200,60,40,{min(-logprob / 10, 1):.2f})'>"
        f"{html.escape(piece)}</span>" for piece, logprob in zip(pieces, logprobs)) + "</p>"


@dataclass
class RunResult:
    """A whole run: its prompt, its tokens, what it captured and what was analysed."""

    prompt: list[str] = field(default_factory=list)
    prompt_tokens: list[int] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    top: list[list[JSON]] = field(default_factory=list)
    captures: Captures = field(default_factory=Captures, repr=False)
    analyses: dict[str, list[JSON]] = field(default_factory=dict, repr=False)
    finish_reason: str = ""
    run_id: str = ""
    _rest: list[str] = field(default_factory=list, repr=False)

    def add(self, event: Event) -> None:
        """Takes an event of the run."""
        self.captures.add(event)
        match event.type:
            case "run.started":
                self.run_id = event.run_id
                self.prompt, self.prompt_tokens = event["prompt"]["pieces"], event["prompt"]["token_ids"]
            case "token":
                self.tokens.append(event["token_id"])
                self.pieces.append(event["text"])
                self.logprobs.append(event["logprob"])
                self.top.append(event.get("top") or [])
            case "text":
                self._rest.append(event["text"])
            case "analysis":
                self.analyses.setdefault(event["name"], []).append(event["result"])
            case "run.finished":
                self.finish_reason = event["finish_reason"]

    @property
    def text(self) -> str:
        return "".join([*self.pieces, *self._rest])

    def array(self, name: str) -> Values:
        """What a hook captured in all passes, joined along the positions."""
        return self.captures.array(name)

    def table(self) -> Any:
        """A row for each token."""
        return table([
            {"step": step, "token_id": token, "text": piece, "logprob": logprob}
            for step, (token, piece, logprob) in enumerate(zip(self.tokens, self.pieces, self.logprobs))])

    def plot(self, ax: Any = None) -> Any:
        """How likely each token was."""
        drawn = axes(ax)
        drawn.bar(range(len(self.logprobs)), self.logprobs)
        drawn.set(xlabel="step", ylabel="log probability")
        drawn.set_xticks(range(len(self.pieces)), [repr(piece) for piece in self.pieces], rotation=90)
        return drawn

    def _repr_html_(self) -> str:
        return (f"<p><i>{html.escape(''.join(self.prompt))}</i></p>"
                f"{_tokens_html(self.pieces, self.logprobs)}{self.captures._repr_html_()}")


@dataclass(frozen=True, repr=False)
class Grid:
    """A behaviour with one place of the model after the other changed; `effect[layer, place]`."""

    body: JSON

    def __repr__(self) -> str:
        return f"Grid({self.body['analysis']} by {self.axis}: {_places(self.top(3))})"

    @property
    def layers(self) -> list[int]:
        return list(self.body["layers"])

    @cached_property
    def effect(self) -> Numbers:
        """Patching: the share of the difference that comes back. Ablation: what the logit difference changes by."""
        return numbers(self.body["effect"])

    @property
    def clean(self) -> float:
        """The mean logit difference with nothing changed."""
        return float(self.body["clean"])

    @property
    def axis(self) -> str:
        """What a place is: layer, head or position."""
        return str(self.body["axes"][1])

    def top(self, count: int = 5) -> list[tuple[int, int, float]]:
        """The places of the largest effect either way: layer, place, effect."""
        order = np.argsort(-np.abs(self.effect), axis=None, kind="stable")[:count]
        return [(self.layers[place // self.effect.shape[1]], int(place % self.effect.shape[1]),
                 float(self.effect.flat[place])) for place in order]

    def table(self) -> Any:
        """A row for each place, the largest effect first."""
        return table([
            {"layer": layer, self.axis if self.axis != "layer" else "place": place, "effect": effect}
            for layer, place, effect in self.top(self.effect.size)])

    def plot(self, ax: Any = None) -> Any:
        return plot_grid(self.effect, x=self.axis, y="layer", title=self.body["analysis"], ax=ax,
                         labels=self.body.get("tokens") or ())

    def _repr_html_(self) -> str:
        return grid_html(self.effect, title=self.body["analysis"], rows=_layers(self.layers),
                         columns=self.body.get("tokens") or [str(place) for place in range(self.effect.shape[1])])


def _places(found: Sequence[tuple[int, int, float]]) -> str:
    return ", ".join(f"{layer}.{place} {value:.2f}" for layer, place, value in found)


def _path_end(places: Sequence[JSON]) -> str:
    """The places of one end of a path in short: `z.4.1 + mlp_out.0`."""
    return " + ".join(".".join(str(one[part]) for part in ("component", "layer", "head") if one.get(part) is not None)
                      for one in places)


KINDS = ("previous_token", "duplicate_token", "induction")


@dataclass(frozen=True, repr=False)
class Paths:
    """A behaviour with one path of the model after the other changed; `effect[sender, receiver]`, nan where there is none."""

    body: JSON

    def __repr__(self) -> str:
        return f"Paths({self.body['direction']}: {', '.join(f'{s} to {r} {e:+.2f}' for s, r, e in self.top(3))})"

    @property
    def senders(self) -> list[str]:
        return [_path_end(one) for one in self.body["senders"]]

    @property
    def receivers(self) -> list[str]:
        return [_path_end(one) for one in self.body["receivers"]]

    @cached_property
    def effect(self) -> Numbers:
        """How far each path takes the logit difference from the one prompt's to the other's: 1 is all of it."""
        return numbers(self.body["effect"])

    @property
    def clean(self) -> float:
        """The mean logit difference with nothing changed."""
        return float(self.body["clean"])

    def top(self, count: int = 5) -> list[tuple[str, str, float]]:
        """The paths of the largest effect either way: sender, receiver, effect."""
        sizes = np.nan_to_num(np.abs(self.effect), nan=-1)
        order = [place for place in np.argsort(-sizes, axis=None, kind="stable")[:count] if sizes.flat[place] >= 0]
        rows = self.effect.shape[1]
        return [(self.senders[place // rows], self.receivers[place % rows], float(self.effect.flat[place])) for place in order]

    def table(self) -> Any:
        """A row for each path, the largest effect first."""
        return table([{"sender": sender, "receiver": receiver, "effect": effect}
                      for sender, receiver, effect in self.top(self.effect.size)])

    def _repr_html_(self) -> str:
        return grid_html(self.effect, title="path_patching", rows=self.senders, columns=self.receivers)


@dataclass(frozen=True, repr=False)
class Heads:
    """What heads attend to, `[layer, head]`: mean attention to the token before (`previous_token`), to the same token
    earlier (`duplicate_token`), to what stood behind that one (`induction`).
    """

    layers: list[int]
    previous_token: Numbers
    duplicate_token: Numbers
    induction: Numbers

    def __repr__(self) -> str:
        return f"Heads({'; '.join(f'{kind} {_places(self.top(kind, 3))}' for kind in KINDS)})"

    def top(self, kind: str = "induction", count: int = 5) -> list[tuple[int, int, float]]:
        """The best heads of a kind: layer, head, score."""
        if kind not in KINDS:
            raise ValueError(f"{kind} is no kind of head; known: {', '.join(KINDS)}")
        values: Numbers = getattr(self, kind)
        order = np.argsort(-np.nan_to_num(values, nan=-1), axis=None, kind="stable")[:count]
        return [(self.layers[place // values.shape[1]], int(place % values.shape[1]), float(values.flat[place]))
                for place in order]

    def table(self) -> Any:
        """A row for each head."""
        return table([
            {"layer": layer, "head": head, **{kind: float(getattr(self, kind)[row, head]) for kind in KINDS}}
            for row, layer in enumerate(self.layers) for head in range(self.induction.shape[1])])

    def plot(self, kind: str = "induction", ax: Any = None) -> Any:
        return plot_grid(getattr(self, kind), x="head", y="layer", title=kind, ax=ax)

    def _repr_html_(self) -> str:
        return "".join(
            grid_html(getattr(self, kind), title=kind, rows=_layers(self.layers),
                      columns=[str(head) for head in range(self.induction.shape[1])]) for kind in KINDS)


@dataclass(frozen=True, repr=False)
class Pattern:
    """What the heads of a layer attend to, `values[head, query, key]`; each row adds up to 1."""

    layer: int
    prompt: list[str]
    values: Values

    def __repr__(self) -> str:
        return f"Pattern(layer {self.layer}, {len(self.values)} heads, {len(self.prompt)} tokens)"

    def table(self) -> Any:
        """A row for each head and token: which token it attends to most, and how much."""
        return table([
            {"head": head, "position": position, "token": piece, "to": self.prompt[row.argmax()],
             "to_position": int(row.argmax()), "attention": float(row.max())}
            for head, rows in enumerate(self.values) for position, (piece, row) in enumerate(zip(self.prompt, rows))])

    def plot(self, head: int = 0, ax: Any = None) -> Any:
        drawn = plot_grid(self.values[head], x="key", y="query", title=f"head {self.layer}.{head}", ax=ax, labels=self.prompt)
        drawn.set_yticks(range(len(self.prompt)), self.prompt)
        drawn.invert_yaxis()
        return drawn

    def _repr_html_(self) -> str:
        return "".join(
            grid_html(rows, title=f"head {self.layer}.{head}", rows=self.prompt, columns=self.prompt)
            for head, rows in enumerate(self.values))


@dataclass(frozen=True, repr=False)
class Lens:
    """What each layer would say: the residual stream behind it read as the last one is. `[position][layer]`."""

    body: JSON
    prompt: list[str]

    def __repr__(self) -> str:
        return f"Lens({len(self.layers)} layers, {len(self.positions)} positions)"

    @property
    def layers(self) -> list[int]:
        return list(self.body["layers"])

    @property
    def positions(self) -> list[int]:
        return list(self.body["positions"])

    @cached_property
    def top(self) -> list[list[list[str]]]:
        """The likeliest tokens, best first, `[layer][position]`."""
        return [[[one["text"] for one in reading["top"]] for reading in line] for line in self.body["predictions"]]

    @cached_property
    def ranks(self) -> Numbers:
        """How many tokens are likelier than the one that follows, `[layer, position]`; NaN where none is known."""
        return numbers([[(reading["target"] or {}).get("rank") for reading in line] for line in self.body["predictions"]])

    @cached_property
    def logprobs(self) -> Numbers:
        """Log probability of the token that follows, `[layer, position]`."""
        return numbers([
            [(reading["target"] or {}).get("logprob") for reading in line] for line in self.body["predictions"]])

    def table(self) -> Any:
        """A row for each layer and position."""
        return table([
            {"layer": layer, "position": position, "token": self.prompt[position] if position < len(self.prompt) else "",
             "top": self.top[row][column][0], "logprob": float(self.logprobs[row, column]),
             "rank": float(self.ranks[row, column])}
            for row, layer in enumerate(self.layers) for column, position in enumerate(self.positions)])

    def plot(self, ax: Any = None) -> Any:
        return plot_grid(self.logprobs, x="position", y="layer", title="log probability of what follows", ax=ax,
                         labels=[self.prompt[position] for position in self.positions if position < len(self.prompt)])

    def _repr_html_(self) -> str:
        shown = [self.prompt[position] if position < len(self.prompt) else "" for position in self.positions]
        lines = "".join(
            f"<tr><th>{layer}</th>" + "".join(f"<td>{html.escape(tokens[0])}</td>" for tokens in self.top[row]) + "</tr>"
            for row, layer in enumerate(self.layers))
        head = "".join(f"<th>{html.escape(piece)}</th>" for piece in shown)
        return f"<table style='font-size:80%'><tr><th></th>{head}</tr>{lines}</table>"


@dataclass(frozen=True, repr=False)
class Attribution:
    """What each part of the model adds to a token's logit, or to the difference of two, at the last position."""

    body: JSON

    def __repr__(self) -> str:
        return f"Attribution(logit {self.logit:.2f}: {_places(self.top(3))})"

    @property
    def logit(self) -> float:
        return float(self.body["logit"])

    @cached_property
    def heads(self) -> Numbers:
        """`[layer, head]`."""
        return numbers(self.body["heads"])

    @cached_property
    def attn(self) -> Numbers:
        """Of each layer's attention."""
        return numbers(self.body["attn_out"])

    @cached_property
    def mlp(self) -> Numbers:
        """Of each layer's MLP."""
        return numbers(self.body["mlp_out"])

    def top(self, count: int = 5) -> list[tuple[int, int, float]]:
        """The heads that add most: layer, head, what they add."""
        order = np.argsort(-self.heads, axis=None, kind="stable")[:count]
        return [(int(place // self.heads.shape[1]), int(place % self.heads.shape[1]), float(self.heads.flat[place]))
                for place in order]

    def table(self) -> Any:
        """A row for each part, what adds most first."""
        parts = [("embed", float(self.body["embed"]))]
        parts += [(f"{layer}.{head}", float(value)) for (layer, head), value in np.ndenumerate(self.heads)]
        parts += [(f"mlp {layer}", float(value)) for layer, value in enumerate(self.mlp)]
        return table([{"part": name, "logit": value} for name, value in sorted(parts, key=lambda part: -part[1])])

    def plot(self, ax: Any = None) -> Any:
        return plot_grid(self.heads, x="head", y="layer", title="logit of heads", ax=ax)

    def _repr_html_(self) -> str:
        return grid_html(self.heads, title="logit of heads", rows=_layers(range(len(self.heads))),
                         columns=[str(head) for head in range(self.heads.shape[1])])


@dataclass(frozen=True)
class Difference:
    """How two runs, or two caches, differ."""

    first_step: int | None
    """The first step with another token; None where there is none."""
    logprobs: Numbers
    """The other's log probabilities less the one's, as long as the tokens are the same."""
    arrays: dict[str, Values] = field(repr=False)
    """The other's numbers less the one's, by name, where both have as many."""

    @property
    def is_equal(self) -> bool:
        """Whether tokens, log probabilities and all numbers are the same to the bit."""
        return self.first_step is None and not self.logprobs.any() and not any(
            np.nan_to_num(values).any() for values in self.arrays.values())

    def table(self) -> Any:
        """A row for each name: how large the difference is."""
        return table([
            {"name": name, "max": float(np.nanmax(np.abs(values), initial=0)),
             "rms": float(np.sqrt(np.nanmean(np.square(values)))) if values.size else 0.0}
            for name, values in self.arrays.items()])

    def plot(self, ax: Any = None) -> Any:
        """The root of the mean square of each name's difference."""
        drawn = axes(ax)
        drawn.barh(list(self.arrays), [float(np.sqrt(np.nanmean(np.square(values)))) for values in self.arrays.values()])
        return drawn

    def _repr_html_(self) -> str:
        first = "the same tokens" if self.first_step is None else f"another token at step {self.first_step}"
        shown = self.table()
        return f"<p>{first}</p>{shown._repr_html_()}"


def diff(one: RunResult | ActivationCache, other: RunResult | ActivationCache) -> Difference:
    """How the other differs from the one: tokens, log probabilities, numbers by name."""
    first, logprobs = None, numbers([])
    if isinstance(one, RunResult) and isinstance(other, RunResult):
        same = next((step for step, (a, b) in enumerate(zip(one.tokens, other.tokens)) if a != b),
                    min(len(one.tokens), len(other.tokens)))
        first = None if one.tokens == other.tokens else same
        logprobs = numbers(other.logprobs[:same]) - numbers(one.logprobs[:same])
    arrays: dict[str, Values] = {}
    left, right = _arrays(one), _arrays(other)
    for name, values in left.items():
        if name in right and right[name].shape == values.shape:
            arrays[name] = right[name] - values
    return Difference(first, logprobs, arrays)


def _arrays(found: RunResult | ActivationCache) -> dict[str, Values]:
    """A cache's arrays; of a run the prompt's, which two runs have alike."""
    if isinstance(found, ActivationCache):
        return dict(found)
    return {name: captures[0].values for name, captures in found.captures.items()}
