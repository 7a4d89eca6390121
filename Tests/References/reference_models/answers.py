"""What is asked of an engine: prompts without near-ties, greedy text, activations, edits."""
from __future__ import annotations

import copy
import json
import math
import random
from pathlib import Path

from .capture import capture, interventions
from .shapes import MIXTURES


def hf_load(path, **kw):
    import torch
    import transformers as T
    return T.AutoModelForCausalLM.from_pretrained(str(path), dtype=torch.float32, attn_implementation="eager", **kw)


def load_dense(family, config, sd):
    import torch
    import transformers as T
    m = T.AutoModelForCausalLM.from_config(config, dtype=torch.float32, attn_implementation="eager")
    missing, unexpected = m.load_state_dict(sd, strict=False)
    missing = [k for k in missing if k != "lm_head.weight" and not k.endswith((".attn.bias", ".masked_bias"))]
    assert not missing and not unexpected, (family, missing[:5], unexpected[:5])
    m.tie_weights()
    return m.eval()


def truncated_rope_logits(model, config, family, prompts):
    """mlx-lm and llama.cpp floor/ceil the YaRN range whatever the config's "truncate" says: the same model that way."""
    import torch
    import transformers as T
    c = copy.deepcopy(config)
    c.rope_parameters = {**c.rope_parameters, "truncate": True}
    m = T.AutoModelForCausalLM.from_config(c, dtype=torch.float32, attn_implementation="eager")
    m.load_state_dict(model.state_dict())
    return {f"prompt{i}.transformers_truncated_rope.logits": capture(m.eval(), family, ids)["logits"]
            for i, ids in enumerate(prompts)}


def greedy(model, ids, n=16):
    import torch
    cur, margins = list(ids), []
    for _ in range(n):
        with torch.no_grad():
            lg = model(input_ids=torch.tensor([cur]), use_cache=False).logits[0, -1].float()
        top = lg.topk(2).values
        margins.append(float(top[0] - top[1]))
        cur.append(int(lg.argmax()))
    return cur[len(ids):], margins


def prompts_for(vocab: int, seed: int, lens) -> list[list[int]]:
    r = random.Random(seed * 7919 + vocab)
    return [[r.randrange(vocab) for _ in range(n)] for n in lens]


def router_margin(model, acts):
    """Smallest gap between the last chosen and the first unchosen expert, over all layers and positions."""
    import numpy as np
    k, gaps = model.config.num_experts_per_tok, []
    for n, v in acts.items():
        if n.endswith("hook_router_logits") and v.shape[-1] > k:
            s = -np.sort(-v, axis=-1)
            gaps.append(float((s[:, k - 1] - s[:, k]).min()))
    return min(gaps) if gaps else math.inf


def choose_prompts(model, family, s, seed, lens):
    """Prompts on which rounding cannot change a choice: no near-tie between experts or between the two top tokens."""
    out = []
    model = model.float().eval()
    for j, n in enumerate(lens):
        best = None
        for t in range(60):
            ids = prompts_for(s["vocab"], seed * 1000 + t * 10 + j, [n])[0]
            m = router_margin(model, capture(model, family, ids)) if family in MIXTURES else math.inf
            if m > 2e-3:
                m = min(m, *greedy(model, ids)[1])
            if best is None or m > best[0]:
                best = (m, ids)
            if m > 2e-3:
                break
        out.append(best[1])
    return out


def rel(a, b):
    import numpy as np
    return float(np.abs(a - b).max() / max(1e-12, np.abs(b).max()))


def write_refs(model, family, fmt, fdir: Path, prompts, report, extra=None, tok=None):
    """Reference file beside the checkpoint folder: refs/<format>.safetensors + .json"""
    from safetensors.numpy import save_file
    model = model.float().eval()
    rdir = fdir / "refs"
    rdir.mkdir(exist_ok=True)
    tensors, meta = {}, {"family": family, "format": fmt, "source": "transformers float32, eager attention, on the "
                         "values the file decodes to", "prompts": []}
    for pi, ids in enumerate(prompts):
        a = capture(model, family, ids)
        for k, v in a.items():
            tensors[f"prompt{pi}.{k}"] = v
        cont, margins = greedy(model, ids)
        m = {"ids": ids, "greedy": cont, "greedy_margins": margins}
        if family in MIXTURES:
            m["router_min_margin"] = router_margin(model, a)
        if tok is not None:
            m["text"] = tok.decode(ids)
        meta["prompts"].append(m)
    import numpy as np
    vec = np.random.default_rng(5).standard_normal(model.config.hidden_size).astype(np.float32)
    tensors["edit_vec"] = vec
    for k, v in interventions(model, family, prompts[-1], vec).items():
        tensors[f"prompt{len(prompts) - 1}.{k}"] = v
    for k, v in (extra or {}).items():
        if isinstance(v, dict):
            meta[k] = v
        else:
            tensors[k] = v
    meta["tensors"] = {k: list(v.shape) for k, v in tensors.items()}
    save_file(tensors, str(rdir / f"{fmt}.safetensors"))
    (rdir / f"{fmt}.json").write_text(json.dumps(meta, indent=1))
    report.setdefault(family, {})[fmt] = meta.get("agreement", {})
    print(f"  {family}/{fmt}: refs written {meta.get('agreement', '')}", flush=True)
    return tensors
