"""MLX checkpoints: converted, run and decoded by mlx-lm."""
from __future__ import annotations

import json
import shutil
from pathlib import Path

from .answers import choose_prompts, load_dense, rel, truncated_rope_logits, write_refs
from .capture import capture
from .shapes import MIXTURES, MLX_JOBS


def mlx_convert(src: Path, dst: Path, quiet=True, **kw):
    from mlx_lm.convert import convert
    if dst.exists():
        shutil.rmtree(dst)
    convert(str(src), mlx_path=str(dst), **kw)
    for f in dst.glob("README.md"):
        f.unlink()


def mlx_run(path: Path, prompts, fix_rope=None, cast_f32=True):
    """Logits and residual stream from mlx-lm; weights' scales and norms cast to float32 unless told otherwise."""
    import mlx.core as mx
    import numpy as np
    from mlx_lm.utils import load_model
    model, cfg = load_model(path)
    if cast_f32:
        model.set_dtype(mx.float32)
    layers = model.layers
    if fix_rope is not None:
        for L in layers:
            L.self_attn.rope._freqs = mx.array(fix_rope)
    out = {}
    holder = model.model

    class Rec:
        def __init__(self, inner, i):
            self.__dict__.update(inner=inner, i=i, got=None)

        def __getattr__(self, k):
            return getattr(self.__dict__["inner"], k)

        def __call__(self, x, *a, **kw):
            y = self.inner(x, *a, **kw)
            self.__dict__["got"] = y[0] if isinstance(y, tuple) else y
            return y
    name = "h" if hasattr(holder, "h") else "layers"
    recs = [Rec(L, i) for i, L in enumerate(getattr(holder, name))]
    holder[name] = recs
    for pi, ids in enumerate(prompts):
        lg = model(mx.array([ids]))
        mx.eval(lg)
        out[f"prompt{pi}.mlx_lm.logits"] = np.array(lg[0].astype(mx.float32))
        for i, r in enumerate(recs):
            out[f"prompt{pi}.mlx_lm.blocks.{i}.hook_resid_post"] = np.array(r.got[0].astype(mx.float32))
    return out, cfg


def mlx_state_dict(path: Path, family: str):
    """Decode an MLX checkpoint with mx.dequantize (scales and biases in float32) into transformers' names."""
    import mlx.core as mx
    import numpy as np
    import torch
    cfg = json.loads((path / "config.json").read_text())
    q = cfg.get("quantization") or {}
    w = {}
    for f in sorted(path.glob("model*.safetensors")):
        w.update(mx.load(str(f)))
    dense = {}
    for k in w:
        if k.endswith((".scales", ".biases")):
            continue
        base = k[: -len(".weight")] if k.endswith(".weight") else None
        if base and base + ".scales" in w:
            o = {**{a: b for a, b in q.items() if not isinstance(b, (dict, bool))}, "mode": q.get("mode", "affine")}
            if isinstance(q.get(base), dict):
                o = {"mode": "affine", **q[base]}
            s = w[base + ".scales"]
            b = w.get(base + ".biases")
            if b is None:
                v = mx.dequantize(w[k], s, group_size=o["group_size"], bits=o["bits"], mode=o["mode"], dtype=mx.float32)
            else:
                v = mx.dequantize(w[k], s.astype(mx.float32), b.astype(mx.float32), group_size=o["group_size"],
                                  bits=o["bits"], mode=o["mode"])
        else:
            v = w[k]
        dense[k] = torch.from_numpy(np.array(v.astype(mx.float32)))
    if family == "gpt2":
        sd = {}
        for k, v in dense.items():
            k = "transformer." + k[len("model."):] if k.startswith("model.") else k
            if any(x in k for x in ("c_attn.weight", "c_proj.weight", "c_fc.weight")):
                v = v.T
            sd[k] = v.contiguous()
        return sd
    if family in MIXTURES and family != "gpt_oss":
        sd = {}
        for k, v in dense.items():
            k = k.replace(".block_sparse_moe.", ".mlp.").replace(".switch_mlp.", ".experts.")
            if k.endswith("experts.gate_proj.weight"):
                sd[k.replace("gate_proj.weight", "gate_up_proj")] = v
            elif not k.endswith("experts.up_proj.weight"):
                sd[k.replace("experts.down_proj.weight", "experts.down_proj")] = v
        for k, v in dense.items():
            if k.endswith("switch_mlp.up_proj.weight"):
                k = k.replace(".block_sparse_moe.", ".mlp.").replace("switch_mlp.up_proj.weight", "experts.gate_up_proj")
                sd[k] = torch.cat([sd[k], v], 1)
        return sd
    if family == "gpt_oss":
        sd = {}
        for k, v in dense.items():
            if ".experts." not in k:
                sd[k] = v
                continue
            pre, rest = k.split(".experts.")
            pre += ".experts."
            if rest == "gate_proj.weight":
                u = dense[pre + "up_proj.weight"]
                sd[pre + "gate_up_proj"] = torch.stack([v, u], 2).reshape(v.shape[0], -1, v.shape[2]).transpose(1, 2).contiguous()
            elif rest == "gate_proj.bias":
                sd[pre + "gate_up_proj_bias"] = torch.stack([v, dense[pre + "up_proj.bias"]], -1).reshape(v.shape[0], -1)
            elif rest == "down_proj.weight":
                sd[pre + "down_proj"] = v.transpose(1, 2).contiguous()
            elif rest == "down_proj.bias":
                sd[pre + "down_proj_bias"] = v
        return sd
    return dense


def do_mlx(family, s, src_bf16: Path, fdir: Path, config, seed, lens, report, src_mxfp4=None, tok=None):
    import numpy as np
    src = src_bf16
    jobs = []
    if family == "gpt_oss":
        mlx_convert(src_mxfp4, fdir / "mlx-bf16", dequantize=True, dtype="bfloat16")
        src = fdir / "mlx-bf16"
        jobs = [("mlx-bf16", None),
                ("mlx-q4-g32", dict(hf_path=src, quantize=True, q_group_size=32, q_bits=4, dtype="bfloat16")),
                ("mlx-q4-g32-legacy", dict(hf_path=src, quantize=True, q_group_size=32, q_bits=4, dtype="bfloat16",
                                           quant_predicate=lambda p, m: True)),
                ("mlx-q8-g64", dict(hf_path=src, quantize=True, q_group_size=64, q_bits=8, dtype="bfloat16")),
                ("mlx-mxfp4-q4", dict(hf_path=src_mxfp4, quantize=True, q_group_size=32, q_bits=4, dtype="bfloat16"))]
    else:
        jobs = [("mlx-bf16", dict(hf_path=src, dtype="bfloat16")),
                ("mlx-q4-g32", dict(hf_path=src, quantize=True, q_group_size=32, q_bits=4, dtype="bfloat16")),
                ("mlx-q8-g64", dict(hf_path=src, quantize=True, q_group_size=64, q_bits=8, dtype="bfloat16")),
                ("mlx-q4-g64-f16", dict(hf_path=src, quantize=True, q_group_size=64, q_bits=4, dtype="float16"))]
        if family in ("llama", "qwen3"):
            jobs += [("mlx-mixed-3-6", dict(hf_path=src, quantize=True, q_group_size=64, q_bits=4,
                                            quant_predicate="mixed_3_6", dtype="bfloat16")),
                     ("mlx-q2-g32", dict(hf_path=src, quantize=True, q_group_size=32, q_bits=2, dtype="bfloat16")),
                     ("mlx-q5-g32", dict(hf_path=src, quantize=True, q_group_size=32, q_bits=5, dtype="bfloat16"))]
    jobs = [job for job in jobs if job[0] in MLX_JOBS.get(family, [fmt for fmt, _ in jobs])]
    for fmt, kw in jobs:
        dst = fdir / fmt
        if kw is not None:
            kw = dict(kw)
            mlx_convert(Path(kw.pop("hf_path")), dst, **kw)
        if fmt.endswith("-legacy"):        # as mlx-lm before 0.26.4 wrote it: no "mode", no overrides
            c = json.loads((dst / "config.json").read_text())
            c["quantization"] = c["quantization_config"] = {"group_size": 32, "bits": 4}
            (dst / "config.json").write_text(json.dumps(c, indent=4))
        model = load_dense(family, config, mlx_state_dict(dst, family))
        prompts = choose_prompts(model, family, s, seed, lens)
        extra, agree = {}, {}
        try:
            native, _ = mlx_run(dst, prompts, cast_f32=False)
        except RuntimeError as e:          # mlx's CPU backend has no bfloat16 gather_mm
            native = {}
            agree["native_dtype"] = str(e)
        exact, _ = mlx_run(dst, prompts)
        if family == "gpt_oss" and not s.get("truncate", 0):
            fr = (1.0 / model.model.rotary_emb.inv_freq.numpy()).astype(np.float32)
            fixed, _ = mlx_run(dst, prompts, fix_rope=fr)
            extra.update({k.replace("mlx_lm.", "mlx_lm_config_rope."): v for k, v in fixed.items()})
            trunc = truncated_rope_logits(model, config, family, prompts)
            extra.update(trunc)
        extra.update(exact)
        for pi, ids in enumerate(prompts):
            lg = capture(model, family, ids)["logits"]
            agree[f"prompt{pi}.mlx_lm_f32_vs_transformers"] = rel(exact[f"prompt{pi}.mlx_lm.logits"], lg)
            if native:
                agree[f"prompt{pi}.mlx_lm_native_dtype_vs_transformers"] = rel(native[f"prompt{pi}.mlx_lm.logits"], lg)
            if family == "gpt_oss" and not s.get("truncate", 0):
                agree[f"prompt{pi}.mlx_lm_f32_vs_transformers_truncated_rope"] = rel(
                    exact[f"prompt{pi}.mlx_lm.logits"], trunc[f"prompt{pi}.transformers_truncated_rope.logits"])
                agree[f"prompt{pi}.mlx_lm_f32_config_rope_vs_transformers"] = rel(fixed[f"prompt{pi}.mlx_lm.logits"], lg)
        extra["agreement"] = agree
        write_refs(model, family, fmt, fdir, prompts, report, extra, tok)
