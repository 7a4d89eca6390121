"""Activations and interventions of one prompt, by hooks in transformers."""
from __future__ import annotations

import importlib

from .shapes import MIXTURES, PARALLEL


def f32(t):
    import numpy as np
    return np.ascontiguousarray(t.detach().to("cpu").float().numpy())


def capture(model, family: str, ids: list[int]) -> dict:
    """Activations of one prompt, by TransformerLens-like name, batch dimension dropped."""
    import numpy as np
    import torch
    cfg, acts, hooks, entering = model.config, {}, [], {}
    nh = cfg.num_attention_heads
    nkv = getattr(cfg, "num_key_value_heads", None) or nh
    hd = getattr(cfg, "head_dim", None) or cfg.hidden_size // nh
    post_norm = family in ("gemma2", "gemma3", "olmo2", "olmo3")
    added = getattr(cfg, "residual_multiplier", 1.0)

    def put(name, t):
        acts[name] = f32(t[0] if t.ndim >= 3 and t.shape[0] == 1 else t)

    def out_hook(m, name, pick=lambda o: o[0] if isinstance(o, tuple) else o, view=None):
        def h(_m, _i, o):
            t = pick(o)
            put(name, t if view is None else t.view(*t.shape[:-1], view, -1))
        hooks.append(m.register_forward_hook(h))

    def in_hook(m, name, view=None):
        def h(_m, a, kw):
            t = a[0] if a else kw["hidden_states"]
            put(name, t if view is None else t.view(*t.shape[:-1], view, -1))
        hooks.append(m.register_forward_pre_hook(h, with_kwargs=True))

    base = model.transformer if family == "gpt2" else model.model
    times = cfg.embedding_multiplier if family == "granite" else 1
    out_hook(base.wte if family == "gpt2" else base.embed_tokens, "hook_embed", pick=lambda o: o * times)
    if family == "gpt2":
        out_hook(base.wpe, "hook_pos_embed")
    layers = base.h if family == "gpt2" else base.layers
    for i, L in enumerate(layers):
        b = f"blocks.{i}."
        in_hook(L, b + "hook_resid_pre")
        out_hook(L, b + "hook_resid_post")
        attn = L.attn if family == "gpt2" else L.self_attn
        out_hook(attn, b + "attn.hook_pattern", pick=lambda o: o[1])
        if family == "gpt2":
            in_hook(L.ln_2, b + "hook_resid_mid")
            out_hook(attn, b + "hook_attn_out")
            out_hook(L.mlp, b + "hook_mlp_out")
            out_hook(L.ln_1, b + "ln1.output")
            out_hook(L.ln_2, b + "ln2.output")
            in_hook(attn.c_proj, b + "attn.hook_z", view=nh)
            for j, nm in enumerate("qkv"):
                out_hook(attn.c_attn, b + f"attn.hook_{nm}", view=nh,
                         pick=lambda o, j=j: o.split(cfg.hidden_size, -1)[j])
            out_hook(L.mlp.c_fc, b + "mlp.hook_pre")
            in_hook(L.mlp.c_proj, b + "mlp.hook_post")
            continue
        if family in PARALLEL:
            out_hook(attn, b + "hook_attn_out")
            out_hook(L.mlp, b + "hook_mlp_out")
            out_hook(L.input_layernorm, b + "ln1.output")
        elif post_norm:                    # what is ADDED to the stream is the post-normed output
            out_hook(L.post_attention_layernorm, b + "hook_attn_out")
            out_hook(L.post_feedforward_layernorm, b + "hook_mlp_out")
            out_hook(attn, b + "attn.output_before_post_norm")
            out_hook(L.mlp, b + "mlp.output_before_post_norm")
            if family in ("gemma2", "gemma3"):
                in_hook(L.pre_feedforward_layernorm, b + "hook_resid_mid")
                out_hook(L.input_layernorm, b + "ln1.output")
                out_hook(L.pre_feedforward_layernorm, b + "ln2.output")
            else:
                in_hook(L.mlp, b + "hook_resid_mid")
        else:
            in_hook(L.post_attention_layernorm, b + "hook_resid_mid")
            first = lambda o: (o[0] if isinstance(o, tuple) else o) * added
            out_hook(attn, b + "hook_attn_out", pick=first)
            out_hook(L.mlp, b + "hook_mlp_out", pick=first)
            out_hook(L.input_layernorm, b + "ln1.output")
            out_hook(L.post_attention_layernorm, b + "ln2.output")
        in_hook(attn.o_proj, b + "attn.hook_z", view=nh)
        if family in ("phi3", "phi4"):
            cut = [nh * hd, nkv * hd, nkv * hd]
            for j, (nm, h) in enumerate((("q", nh), ("k", nkv), ("v", nkv))):
                out_hook(attn.qkv_proj, b + f"attn.hook_{nm}", view=h, pick=lambda o, j=j: o.split(cut, -1)[j])
            out_hook(L.mlp.gate_up_proj, b + "mlp.hook_pre", pick=lambda o: o.chunk(2, -1)[0])
            out_hook(L.mlp.gate_up_proj, b + "mlp.hook_pre_linear", pick=lambda o: o.chunk(2, -1)[1])
            in_hook(L.mlp.down_proj, b + "mlp.hook_post")
            continue
        for nm, mod, h in (("q", attn.q_proj, nh), ("k", attn.k_proj, nkv), ("v", attn.v_proj, nkv)):
            out_hook(mod, b + f"attn.hook_{nm}", view=None if (family in ("olmo2", "olmo3") and nm != "v") else h)
        for nm in ("q", "k"):              # what turns, where only a part of each head does
            if family == "stablelm_parallel":
                out_hook(getattr(attn, nm + "_layernorm"), f"{i}.unturned_{nm}", pick=lambda o: o.transpose(1, 2))
        if family in MIXTURES and hasattr(L.mlp, "experts"):
            router = L.mlp.router if family == "gpt_oss" else L.mlp.gate
            out_hook(router, b + "mlp.hook_router_logits", pick=lambda o: o[0])
            out_hook(router, b + "mlp.hook_expert_weights", pick=lambda o: o[1])
            out_hook(router, b + "mlp.hook_expert_indices", pick=lambda o: o[2])
            if hasattr(L.mlp, "shared_expert"):
                out_hook(L.mlp.shared_expert, b + "mlp.shared_expert.output")
                out_hook(L.mlp.shared_expert_gate, b + "mlp.shared_expert.hook_gate", pick=lambda o: o.sigmoid())
            hooks.append(L.mlp.experts.register_forward_pre_hook(
                lambda _m, a, i=i: entering.__setitem__(i, a[:2])))
        else:
            out_hook(L.mlp.gate_proj, b + "mlp.hook_pre")
            out_hook(L.mlp.up_proj, b + "mlp.hook_pre_linear")
            in_hook(L.mlp.down_proj, b + "mlp.hook_post")
    norm = base.ln_f if family == "gpt2" else base.norm
    out_hook(norm, "ln_final.output")

    # rotated q/k: wrap the modelling module's own function
    rot = []
    mod = importlib.import_module(type(model).__module__)
    orig = getattr(mod, "apply_rotary_pos_emb", None)
    if orig is not None:
        def wrapped(q, k, *a, **kw):
            q2, k2 = orig(q, k, *a, **kw)
            rot.append((q2, k2))
            return q2, k2
        mod.apply_rotary_pos_emb = wrapped
    try:
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([ids]), use_cache=False).logits
    finally:
        if orig is not None:
            mod.apply_rotary_pos_emb = orig
        for h in hooks:
            h.remove()
    turning = [i for i in range(len(layers)) if getattr(cfg, "no_rope_layers", None) is None or cfg.no_rope_layers[i]]
    if family == "cohere2":
        turning = [i for i in turning if cfg.layer_types[i] == "sliding_attention"]
    for i in range(len(layers)):                   # a layer that does not rotate shows what scores take
        if rot and i not in turning:
            for n in "qk":
                acts[f"blocks.{i}.attn.hook_rot_{n}"] = acts[f"blocks.{i}.attn.hook_{n}"]
    for i, (q, k) in zip(turning, rot):
        acts[f"blocks.{i}.attn.hook_rot_q"] = f32(q[0].transpose(0, 1))     # [seq, heads, head_dim]
        acts[f"blocks.{i}.attn.hook_rot_k"] = f32(k[0].transpose(0, 1))
        for n in "qk" if family.startswith("stablelm") else "":
            turned = acts[f"blocks.{i}.attn.hook_rot_{n}"]
            rest = acts.pop(f"{i}.unturned_{n}", acts[f"blocks.{i}.attn.hook_{n}"])[..., turned.shape[-1]:]
            acts[f"blocks.{i}.attn.hook_rot_{n}"] = np.concatenate([turned, rest], -1)
    acts["logits"] = f32(logits[0])
    for i, (tokens, chosen) in entering.items():
        # One expert's output for the tokens routed to it: all others weigh nothing, and it weighs 1.
        for expert in range(getattr(cfg, "num_local_experts", None) or cfg.num_experts):
            with torch.no_grad():
                alone = layers[i].mlp.experts(tokens, chosen, (chosen == expert).float())
            acts[f"blocks.{i}.mlp.experts.{expert}"] = f32(alone[(chosen == expert).any(-1)])
    for k in list(acts):
        if k.endswith("expert_indices"):
            acts[k] = acts[k].astype(np.int32)
        elif not np.isfinite(acts[k]).all():
            raise SystemExit(f"{family}: {k} is not finite")
    # self-checks of the capture
    for i in range(len(layers)):
        b = f"blocks.{i}."
        mid = acts[b + "hook_resid_pre"] + acts[b + "hook_attn_out"]
        if family not in PARALLEL:
            assert abs(mid - acts[b + "hook_resid_mid"]).max() < 1e-4, (family, i, "resid_mid")
        post = mid + acts[b + "hook_mlp_out"]
        assert abs(post - acts[b + "hook_resid_post"]).max() < 1e-4, (family, i, "resid_post")
    return acts


def interventions(model, family: str, ids: list[int], vec) -> dict:
    """Logits under one edit each, made in transformers with a hook. Block 1, batch of one."""
    import torch
    cfg = model.config
    is_gpt2 = family == "gpt2"
    base = model.transformer if is_gpt2 else model.model
    L = (base.h if is_gpt2 else base.layers)[1]
    attn = L.attn if is_gpt2 else L.self_attn
    nh = cfg.num_attention_heads
    nkv = getattr(cfg, "num_key_value_heads", None) or nh
    hd = getattr(cfg, "head_dim", None) or cfg.hidden_size // nh
    v = torch.from_numpy(vec)
    out_proj = attn.c_proj if is_gpt2 else attn.o_proj
    added = L.post_feedforward_layernorm if family in ("gemma2", "gemma3", "olmo2", "olmo3") else L.mlp

    def output(module, change):
        """Changes what a module returns, or the first of what it returns."""
        return lambda: module.register_forward_hook(
            lambda _m, _i, o: (change(o[0]), *o[1:]) if isinstance(o, tuple) else change(o))

    def input(module, change):
        def h(_m, a, kw):
            if a:
                return (change(a[0]), *a[1:]), kw
            return a, {**kw, "hidden_states": change(kw["hidden_states"])}
        return lambda: module.register_forward_pre_hook(h, with_kwargs=True)

    def edited(t, change, *where):
        """A copy with part of it changed in place."""
        t = t.clone()
        change(t[where] if where else t)
        return t

    def zero_head(head, first=0):
        """Zeroes one head in rows whose heads begin at the column `first`."""
        return lambda t: edited(t, lambda x: x.zero_(), ..., slice(first + head * hd, first + (head + 1) * hd))

    def clamp(columns):
        return lambda t: edited(t, lambda x: x.clamp_(-0.1, 0.1), ..., columns)

    edits = {
        "add_vec_to_blocks.1.hook_resid_post": output(L, lambda t: t + v),
        "zero_head_0_of_blocks.1.attn.hook_z": input(out_proj, zero_head(0)),
        "zero_blocks.1.hook_mlp_out": output(added, torch.zeros_like),
        "set_position_1_of_blocks.1.hook_resid_pre_to_vec": input(L, lambda t: edited(t, lambda x: x.copy_(v), slice(None), 1)),
        "double_hook_embed": output(base.wte if is_gpt2 else base.embed_tokens, lambda t: t * 2),
        "halve_ln_final.output": output(base.ln_f if is_gpt2 else base.norm, lambda t: t * 0.5),
    }
    if family not in ("olmo2", "olmo3"):
        edits["halve_blocks.1.ln1.output"] = output(L.ln_1 if is_gpt2 else L.input_layernorm, lambda t: t * 0.5)
    # Where q, k and v come from: one product or three.
    if is_gpt2:
        sources = [(attn.c_attn, j * cfg.hidden_size) for j in range(3)]
    elif family in ("phi3", "phi4"):
        sources = [(attn.qkv_proj, first) for first in (0, nh * hd, (nh + nkv) * hd)]
    else:
        sources = [(attn.q_proj, 0), (attn.k_proj, 0), (attn.v_proj, 0)]
    for (module, first), name, head in zip(sources, "qkv", (1, 0, 0)):
        edits[f"zero_head_{head}_of_blocks.1.attn.hook_{name}"] = output(module, zero_head(head, first))
    edits["zero_head_1_of_blocks.1.attn.hook_pattern"] = lambda: EditedSoftmax(
        1, after=lambda t: edited(t, lambda x: x.zero_(), slice(None), 1))
    if family != "gpt_oss":        # whose scores have lost their largest, and have the sink beside them, where they are seen
        edits["halve_head_1_of_blocks.1.attn.hook_attn_scores"] = lambda: EditedSoftmax(
            1, before=lambda t: edited(t, lambda x: x.mul_(0.5), slice(None), 1))
    if family in MIXTURES:
        edits |= (routing(L.mlp.router, cfg.num_experts_per_tok) if family == "gpt_oss"
                  else rerouting(L.mlp.gate, cfg.num_experts_per_tok, getattr(cfg, "norm_topk_prob", True)))
        if hasattr(L.mlp, "shared_expert"):
            edits["double_blocks.1.mlp.shared_expert.output"] = output(L.mlp.shared_expert, lambda t: t * 2)
        for expert, factor in ((0, 0.0), (2, -2.0)):
            edits[f"scale_blocks.1.mlp.experts.{expert}_by_{factor:g}"] = outweigh(L.mlp.experts, expert, factor)
    else:
        size = cfg.n_inner or 4 * cfg.hidden_size if is_gpt2 else cfg.intermediate_size
        gate = L.mlp.c_fc if is_gpt2 else L.mlp.gate_up_proj if family in ("phi3", "phi4") else L.mlp.gate_proj
        down = L.mlp.c_proj if is_gpt2 else L.mlp.down_proj
        edits["clamp_blocks.1.mlp.hook_pre"] = output(gate, clamp(slice(0, size)))
        edits["zero_neurons_3_5_of_blocks.1.mlp.hook_post"] = input(
            down, lambda t: edited(t, lambda x: x.zero_(), ..., slice(3, 6, 2)))
    res = {}
    for name, put in edits.items():
        h = put()
        try:
            with torch.no_grad():
                res[f"edit.{name}.logits"] = f32(model(input_ids=torch.tensor([ids]), use_cache=False).logits[0])
        finally:
            h.remove()
    return res


class EditedSoftmax:
    """Changes what goes into one layer's softmax over keys `[batch, head, query, key]`, or what comes out of it."""

    def __init__(self, layer: int, before=lambda t: t, after=lambda t: t):
        import torch
        self.functional, self.softmax, seen = torch.nn.functional, torch.nn.functional.softmax, []

        def softmax(t, *a, **kw):
            if t.ndim != 4:
                return self.softmax(t, *a, **kw)
            seen.append(t)
            return after(self.softmax(before(t), *a, **kw)) if len(seen) == layer + 1 else self.softmax(t, *a, **kw)
        self.functional.softmax = softmax

    def remove(self):
        self.functional.softmax = self.softmax


def outweigh(experts, expert: int, factor: float):
    """Scales one expert's output: what it weighs in the sum, which is not normalised any more."""
    return lambda: experts.register_forward_pre_hook(
        lambda _m, a: (a[0], a[1], a[2] * (1 + (factor - 1) * (a[1] == expert))))


def rerouting(router, chosen: int, normalised: bool) -> dict:
    """The same where the router has no bias: its shares stay, only the choice is another."""
    import torch

    def choose(pick):
        def h(_m, _i, o):
            shares = torch.softmax(o[0].float(), -1)
            indices = pick(shares)
            weights = shares.gather(-1, indices)
            return o[0], weights / weights.sum(-1, keepdim=True) if normalised else weights, indices
        return lambda: router.register_forward_hook(h)

    def ban(shares):
        return shares.index_fill(-1, torch.tensor([0, 1]), -1.0).topk(chosen, -1).indices
    return {
        "ban_experts_0_1_of_blocks.1": choose(ban),
        "force_first_experts_of_blocks.1": choose(lambda t: torch.arange(chosen).expand(t.shape[0], chosen)),
    }


def routing(router, chosen: int) -> dict:
    """Edits of the choice of experts, by the router's bias: what is added to all that are forced leaves their shares alone."""
    class Biased:
        def __init__(self, experts, amount):
            self.before = router.bias.data.clone()
            router.bias.data[experts] += amount

        def remove(self):
            router.bias.data.copy_(self.before)
    return {
        "ban_experts_0_1_of_blocks.1": lambda: Biased([0, 1], -1e30),
        "force_first_experts_of_blocks.1": lambda: Biased(list(range(chosen)), 64.0),
    }
