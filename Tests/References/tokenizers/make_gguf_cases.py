#!/usr/bin/env python3
"""GGUF vocabularies encoded by llama.cpp: every `tokenizer.ggml.pre` it knows, and every kind of vocabulary.

    python make_gguf_cases.py --out DIR [--models FOLDER] [--count N]     -> DIR/gguf_cases.json
    python make_gguf_cases.py --subset DIR                                -> gguf_cases.json beside this file

A case: {name, fields, ids, plain}: the metadata of the vocabulary as a GGUF file has it (`tokens` may name a vocabulary of
`vocabularies`), the ids of each string with control tokens parsed and without, or `refused` where llama.cpp knows no such name.
The vocabularies are trained here without any splitting, so that tokens reach across every place where a split may cut: a
wrong split shows. `--models` names the folder of llama.cpp's own vocabularies (`ggml-vocab-*.gguf`, in the source distribution of
llama-cpp-python under `vendor/llama.cpp/models`): data to fetch, never to commit; their GGUF files and answers go to DIR/published.
"""
from __future__ import annotations

import argparse
import base64
import json
import os
import random
import subprocess
import sys
import tempfile
import unicodedata
from pathlib import Path

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
WIDTH = 8

# Every name of llama.cpp's list; names that split alike stand together.
NAMES = [
    ["gpt-2", "phi-2", "jina-es", "jina-de", "gigachat", "jina-v2-es", "jina-v2-de", "a.x-4.0", "mellum", "modern-bert", "jina-v1-en",
     "jina-v2-code", "roberta-bpe", "exaone4", "mpt", "olmo", "jais", "trillion", "granite-docling"],
    ["starcoder", "refact", "command-r", "smollm", "codeshell", "exaone", "minerva-7b", "mellum2"],
    ["llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "jina-v5-nano"],
    ["dbrx", "smaug-bpe", "glm4", "chatglm-bpe"], ["jais-2"], ["deepseek-llm"], ["deepseek-coder"],
    ["deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4"], ["spark2_5"], ["youtu"], ["falcon"],
    ["qwen2", "deepseek-r1-qwen", "kormo", "f2llmv2", "stablelm2", "hunyuan", "megrez", "solar-open", "grok-2"], ["qwen35"],
    ["poro-chat", "bloom", "gpt3-finnish"], ["viking"], ["tekken"], ["chameleon"], ["gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"],
    ["granite-embed-multi-97m"], ["tiny_aya", "cohere2moe"], ["kimi-k2"], ["superbpe"], ["bailingmoe", "bailingmoe2", "llada-moe"],
    ["seed-coder"], ["ufakzeka"], ["afmoe"], ["laguna"], ["exaone-moe"], ["minicpm5"], ["default"], [""],
]
# In these b9190 takes `~` for no symbol, which Unicode, the models' own files and newer versions of llama.cpp do.
# In BERT's it keeps marks that stand alone, which newer ones drop.
TILDE = {"deepseek-v3", "afmoe", "spark2_5"}
SPACED = ["gemma4", "granite-embed-multi-311m", "sarvam-moe"]


def more_strings(n, seed):
    """What make_strings has little of: long digits, joined emoji, marks on letters of many scripts, scripts side by side."""
    r = random.Random(seed)
    digits = ["0", "7", "42", "123", "\u0663", "\u0664\u0665", "\u00bd", "\u2164", "\uff11"]
    joined = ["\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f44d\U0001f3fd", "\u2764\ufe0f\u200d\U0001f525", "\U0001f1eb\U0001f1f7", "1\ufe0f\u20e3"]
    marks = ["e\u0301", "\u0915\u094d\u0937\u093f", "\u0e01\u0e34\u0e49", "A\u030a", "\u0ba8\u0bbf", "\u05e9\u05c1", "\u0301", "\u064e", "\u1112\u1161\u11ab"]
    scripts = ["\u6f22\u5b57", "\u304b\u306a", "\u30ab\u30ca", "\ud55c\uae00", "\uff21\uff42", "\u0e44\u0e17\u0e22", "\u1781\u17d2\u1798", "\u1019\u103c", "\u0434\u0430",
               "\u0394\u03b9", "\u0627\u0644", "\u01c5", "\u02b0", "\u16a0", "\U00020001", "\u3105\u3106", "\u2e80", "\uff76\uff85", "\ufb01", "\U0001d400"]
    blanks = [" ", "  ", "\n", "\n\n", "\t", "\r\n", "\u00a0", "\u3000", "\u2003", "\u0085", "\u2028", "    "]
    points = ["'", "'s", "'LL", "\u2019s", "!", "...", "\uff01", "\u3001", "\u3002", "\u2026", "(", ")", "#", "/", "//", "$", "+", "~", "`", "\u20ac", "\u00a7", "_", "-", "<", "|", "\u060c"]
    words = ["the", "The", "HTTPServer", "iPhone", "na\u00efve", "\u00c9cole", "foo_bar", "x", "I", "\u0130", "stra\u00dfe", "\u017ft"]
    odd = ["\u0001", "\u007f", "\u200b", "\u200d", "\ufeff", "\ue000", "\ufffd", "<sentinel:12>", "IMGIMGABCDZ", "<|im_end|>", "<s>"]
    kinds = [digits, digits, joined, marks, marks, scripts, scripts, blanks, blanks, points, points, words, words, odd]
    return ["".join(r.choice(r.choice(kinds)) for _ in range(r.randint(2, 16))) for _ in range(n)]


def strings(n):
    from make_tokenizer_cases import make_strings
    half = make_strings(n * 2 // 3, 5)
    both = half + more_strings(n - len(half), 6)
    # NUL ends a text in C; one empty text has no ids to compare.
    return list(dict.fromkeys(s for s in both if "\0" not in s and s and not s.startswith("\ufeff")))


def byte_level(texts):
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    t.train_from_iterator([s for s in texts for _ in range(2)], trainers.BpeTrainer(
        vocab_size=2000, show_progress=False, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), max_token_length=14))
    j = json.loads(t.to_str())["model"]
    tokens = [k for k, _ in sorted(j["vocab"].items(), key=lambda x: x[1])]
    control = ["<|im_end|>", "<s>", "</s>", "<user>"]
    # What spells a control token is learnt under another name, which no text spells.
    tokens = [t if t not in control else t + "\ue000" for t in tokens]
    # Whole words that no merge makes: only a vocabulary whose merges may be passed over finds them.
    tokens += [w for w in ("Lorem", "\u0120dolor", "123", "HTTPServer", "The", "\u0120HTTPServer") if w not in j["vocab"]]
    types = [1] * len(tokens) + [3, 3, 3, 4]
    merges = [m if isinstance(m, str) else " ".join(m) for m in j["merges"]]
    merges = [m for m in merges if all(t not in (*m.split(" "), m.replace(" ", "")) for t in control)]
    return {"tokens": tokens + control, "types": types, "merges": merges}


def spaced(texts):
    from tokenizers import Tokenizer, models, trainers
    t = Tokenizer(models.BPE(byte_fallback=True))
    t.train_from_iterator([s.replace(" ", "\u2581") for s in texts for _ in range(2)], trainers.BpeTrainer(
        vocab_size=1600, show_progress=False, limit_alphabet=200, max_token_length=10))
    j = json.loads(t.to_str())["model"]
    tokens = ["<pad>", "<eos>", "<bos>", "<unk>"] + [f"<0x{i:02X}>" for i in range(256)]
    types = [3, 3, 3, 3] + [6] * 256
    # llama.cpp asserts that no merge has a line end in it.
    learnt = [k for k, _ in sorted(j["vocab"].items(), key=lambda x: x[1]) if "\n" not in k and k not in tokens]
    learnt += ["\n", "\n\n", "\n\n\n"]
    merges = [m.split(" ") if isinstance(m, str) else m for m in j["merges"]]
    return {"tokens": tokens + learnt, "types": types + [1] * len(learnt), "merges": [" ".join(m) for m in merges if "\n" not in "".join(m)]}


def sentencepieces(texts):
    """SentencePiece's own vocabularies, with the fields that llama.cpp's converters write for them."""
    import io

    import sentencepiece as spm
    from sentencepiece import sentencepiece_model_pb2 as proto
    for name, kind, rule, extra, prefix in (
            ("spm", "bpe", "identity", False, True), ("spm-bare", "bpe", "identity", False, False),
            ("ugm-identity", "unigram", "identity", False, True), ("ugm-nmt-nfkc", "unigram", "nmt_nfkc", True, True),
            ("ugm-nfkc-cf", "unigram", "nfkc_cf", True, True), ("ugm-bare", "unigram", "nmt_nfkc", False, False)):
        buffer = io.BytesIO()
        spm.SentencePieceTrainer.train(
            sentence_iterator=iter([line for t in texts for line in t.split("\n") if line] * 2), model_writer=buffer, vocab_size=1400, model_type=kind,
            byte_fallback=kind == "bpe", normalization_rule_name=rule, remove_extra_whitespaces=extra, add_dummy_prefix=prefix,
            character_coverage=0.98, minloglevel=2, hard_vocab_limit=False, num_threads=1, user_defined_symbols=["<user>"])
        s = spm.SentencePieceProcessor(model_proto=buffer.getvalue())
        m = proto.ModelProto.FromString(buffer.getvalue())
        n = s.get_piece_size()
        fields = {
            "model": "llama" if kind == "bpe" else "t5", "tokens": [s.id_to_piece(i) for i in range(n)], "scores": [s.get_score(i) for i in range(n)],
            "types": [2 if s.is_unknown(i) else 3 if s.is_control(i) else 6 if s.is_byte(i) else 4 if s.id_to_piece(i) == "<user>" else 1 for i in range(n)],
            "bos": s.bos_id(), "eos": s.eos_id(), "unknown": s.unk_id(), "space_prefix": prefix}
        if kind == "unigram":
            fields["remove_extra_whitespaces"] = extra
            fields["charsmap"] = base64.b64encode(m.normalizer_spec.precompiled_charsmap).decode()
        yield name, fields


def wordpieces(texts):
    """BERT's vocabulary as the converter writes it: `##x` becomes `x`, and what begins a word gets a U+2581."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
    t = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    t.normalizer = normalizers.BertNormalizer(lowercase=True)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.train_from_iterator(texts, trainers.WordPieceTrainer(
        vocab_size=1500, show_progress=False, limit_alphabet=250, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]))
    texts = [k for k, _ in sorted(t.get_vocab().items(), key=lambda x: x[1])]
    special = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}
    tokens = [k if k in special else k[2:] if k.startswith("##") else "\u2581" + k for k in texts]
    # Of `##x` and a control word that become one spelling only the first may stay.
    seen = set()
    tokens = [t if not (t in seen or seen.add(t)) else f"[unused{i}]" for i, t in enumerate(tokens)]
    ids = {k: i for i, k in enumerate(texts)}
    fields = {"model": "bert", "tokens": tokens, "types": [3 if t in special else 1 for t in tokens], "bos": ids["[CLS]"], "sep": ids["[SEP]"],
              "unknown": ids["[UNK]"], "pad": ids["[PAD]"]}
    yield "bert", fields


# ---------------------------------------------------------------------------------- GGUF files
def tiny_model(writer, n):
    """The smallest model that llama.cpp loads; its numbers do not matter here."""
    import numpy as np
    writer.add_context_length(64)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(WIDTH)
    writer.add_head_count(1)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH)
    writer.add_vocab_size(n)
    writer.add_tensor("token_embd.weight", np.zeros((n, WIDTH), np.float16))
    writer.add_tensor("output_norm.weight", np.ones(WIDTH, np.float32))
    for name in ("attn_norm", "ffn_norm"):
        writer.add_tensor(f"blk.0.{name}.weight", np.ones(WIDTH, np.float32))
    for name in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"):
        writer.add_tensor(f"blk.0.{name}.weight", np.zeros((WIDTH, WIDTH), np.float16))


def finish(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


KEYS = {"bos": "bos_token_id", "eos": "eos_token_id", "unknown": "unknown_token_id", "pad": "padding_token_id", "sep": "seperator_token_id"}


def write(fields, file):
    from gguf import GGUFWriter
    w = GGUFWriter(str(file), "llama")
    w.add_tokenizer_model(fields["model"])
    if fields.get("pre"):
        w.add_tokenizer_pre(fields["pre"])
    w.add_token_list(fields["tokens"])
    w.add_token_types(fields["types"])
    if "merges" in fields:
        w.add_token_merges(fields["merges"])
    if "scores" in fields:
        w.add_token_scores(fields["scores"])
    for key, name in KEYS.items():
        if key in fields:
            w.add_uint32("tokenizer.ggml." + name, fields[key])
    for key, name in (("space_prefix", "add_space_prefix"), ("remove_extra_whitespaces", "remove_extra_whitespaces"),
                      ("lowercase", "normalizer.lowercase"), ("strip_accents", "normalizer.strip_accents")):
        if key in fields:
            w.add_bool("tokenizer.ggml." + name, fields[key])
    if fields.get("charsmap"):
        w.add_precompiled_charsmap(base64.b64decode(fields["charsmap"]))
    tiny_model(w, len(fields["tokens"]))
    finish(w)


def copy(source, file):
    """A published vocabulary with the tiny model in it."""
    from gguf import GGUFReader, GGUFValueType, GGUFWriter
    w = GGUFWriter(str(file), "llama")
    for field in GGUFReader(str(source)).fields.values():
        if not field.name.startswith("tokenizer.") and field.name != "general.name":
            continue
        value, kind = field.contents(), field.types[0]
        if field.name == "tokenizer.ggml.tokens":
            tiny_model(w, len(value))
        w.add_key_value(field.name, value, kind, sub_type=field.types[-1] if kind == GGUFValueType.ARRAY else None)
    finish(w)


# ---------------------------------------------------------------------------------- llama.cpp
def child(jobs, out):
    """Encodes in a process of its own, since llama.cpp ends it on some inputs."""
    import cyllama.llama.llama_cpp as cpp
    done = {(a, b) for a, b, *_ in map(json.loads, Path(out).read_text().splitlines())}
    todo = json.loads(Path(jobs).read_text())
    parameters = cpp.LlamaModelParams()
    parameters.n_gpu_layers = 0
    with open(out, "a") as file:
        def say(*what):
            file.write(json.dumps(what) + "\n")
            file.flush()
        for name, path in todo["files"]:
            if (name, -2) in done:
                continue
            if (name, -1) in done:
                say(name, -2, "refused")
                continue
            say(name, -1, "began")
            model = cpp.LlamaModel(path, parameters)    # the vocabulary dies with the model: keep it
            vocab = model.get_vocab()
            for i, s in enumerate(todo["strings"]):
                if (name, i) not in done:
                    say(name, i, list(vocab.tokenize(s, False, True)), list(vocab.tokenize(s, False, False)), list(vocab.tokenize(s, True, True)))
            say(name, -2, "ended")


def llama_cpp(files, texts, folder):
    jobs, out = Path(folder) / "jobs.json", Path(folder) / "answers.jsonl"
    jobs.write_text(json.dumps({"files": files, "strings": texts}))
    out.touch()
    for _ in range(4 * len(files)):
        subprocess.run([sys.executable, __file__, "_child", str(jobs), str(out)], capture_output=True, env=os.environ | {"GGML_NO_BACKTRACE": "1"})
        lines = [json.loads(x) for x in out.read_text().splitlines()]
        if sum(x[1] == -2 for x in lines) == len(files):
            break
    answers = {name: {} for name, _ in files}
    for name, index, *rest in lines:
        if index >= 0:
            answers[name][index] = rest
    return answers


def main():
    if len(sys.argv) > 1 and sys.argv[1] == "_child":
        return child(*sys.argv[2:])
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--out", type=Path)
    ap.add_argument("--models", type=Path)
    ap.add_argument("--only", nargs="*", help="names of the published vocabularies that are wanted")
    ap.add_argument("--subset", type=Path)
    ap.add_argument("--count", type=int, default=600)
    a = ap.parse_args()
    if a.subset:
        return subset(a.subset)
    a.out.mkdir(parents=True, exist_ok=True)
    texts = strings(a.count)
    vocabularies = {"bytes": byte_level(texts), "spaced": spaced(texts)}
    cases = [{"name": n or "missing", "alike": group[0] or "missing", "fields": {"model": "gpt2", "pre": n, "vocabulary": "bytes"}}
             for group in NAMES for n in group]
    cases += [{"name": n, "alike": n, "fields": {"model": "gemma4" if n == "gemma4" else "gpt2", "pre": n, "vocabulary": "spaced", "bos": 2, "eos": 1, "unknown": 3}} for n in SPACED]
    cases += [{"name": n, "alike": n, "fields": f} for n, f in sentencepieces(texts)]
    cases += [{"name": n, "alike": n, "fields": f} for n, f in wordpieces(texts)]
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for case in cases:
            fields = case["fields"]
            if "bos" not in fields:
                tokens = vocabularies[fields["vocabulary"]]["tokens"]
                fields |= {"bos": tokens.index("<s>"), "eos": tokens.index("</s>")}
            file = Path(folder) / (case["name"] + ".gguf")
            write(fields | vocabularies.get(fields.get("vocabulary"), {}), file)
            files.append((case["name"], str(file)))
        answers = llama_cpp(files, texts, folder)
    for case in cases:
        got = answers[case["name"]]
        if not got:
            case["refused"] = True
            continue
        case["ids"] = [got[i][0] if i in got and not unsure(case, s) else None for i, s in enumerate(texts)]
        case["plain"] = {i: got[i][1] for i in got if got[i][1] != got[i][0]}
        with_special = got[next(iter(got))]
        case["added"] = len(with_special[2]) - len(with_special[0])
    file = {"strings": texts, "vocabularies": vocabularies, "cases": cases}
    (a.out / "gguf_cases.json").write_text(json.dumps(file, separators=(",", ":")))
    print(len(cases), "vocabularies,", len(texts), "strings; unknown to this llama.cpp:", [c["name"] for c in cases if "refused" in c],
          "; gave up:", {c["name"]: c["ids"].count(None) for c in cases if None in c.get("ids", [])})
    if a.models:
        published(a, texts)


def published(a, texts):
    folder = a.out / "published"
    folder.mkdir(exist_ok=True)
    files = []
    for source in sorted(a.models.glob("ggml-vocab-*.gguf")):
        if a.only and source.stem.removeprefix("ggml-vocab-") not in a.only:
            continue
        file = folder / source.name
        copy(source, file)
        files.append((source.stem.removeprefix("ggml-vocab-"), str(file)))
    with tempfile.TemporaryDirectory() as scratch:
        answers = llama_cpp(files, texts, scratch)
    cases = {name: [answers[name][i][0] if i in answers[name] else None for i in range(len(texts))] for name, _ in files if answers[name]}
    (folder / "cases.json").write_text(json.dumps({"strings": texts, "cases": cases}, separators=(",", ":")))
    print(len(cases), "of", len(files), "published vocabularies:", {n: c.count(None) for n, c in cases.items()})


def unsure(case, text):
    """Where versions of llama.cpp differ."""
    marked = case["name"] == "bert" and any(unicodedata.category(c)[0] == "M" for c in text)
    return marked or (case["alike"] in TILDE and "~" in text)


def subset(folder):
    """One name of each group and every third string, small enough to commit."""
    whole = json.loads((folder / "gguf_cases.json").read_text())
    kept = range(0, len(whole["strings"]), 5)
    cases = []
    for case in whole["cases"]:
        if case["fields"].get("charsmap"):
            continue                       # a quarter of a megabyte each
        case.pop("plain", None)
        if case["name"] != case["alike"]:
            case.pop("ids", None)
        elif "ids" in case:
            case["ids"] = [case["ids"][i] for i in kept]
        cases.append(case)
    out = whole | {"strings": [whole["strings"][i] for i in kept], "cases": cases}
    file = HERE / "gguf_cases.json"
    file.write_text(json.dumps(out, separators=(",", ":")) + "\n")
    print(file.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
