#!/usr/bin/env python3
"""Little vocabularies for the parts of a pipeline that no family of make_tokenizer_cases.py uses.

    python make_pipeline_cases.py --from DIR        -> pipeline_cases.json beside this file

DIR/tokenizer_cases.json gives the strings. Trains one BPE with HF tokenizers and puts other normalizers, pre-tokenizers,
decoders and post-processors around it; trains SentencePiece BPE and unigram models, whose answers are sentencepiece's own.
  strings:       [str]
  pipelines:     {name: {tokenizer: tokenizer.json as an object, ids: [[int]], decoded: [str]}}
  sentencepiece: {name: {model: gguf's name, tokens, scores, types, unknown, prefix, ids: [[int]], decoded: [str]}}
"""
from __future__ import annotations

import argparse
import io
import json
import random
from pathlib import Path

import sentencepiece as spm
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

HERE = Path(__file__).parent
P, N, D = pre_tokenizers, normalizers, decoders
TEXT = ["The quick brown fox jumps over the lazy dog. It's a test, isn't it? We've got 1234567 reasons.",
        "def forward(self, x):\n    return self.norm(x + self.attn(x))\n\nfor i in range(10):\n\tprint(i, \"hello\")",
        "Gr\u00f6\u00dfe, na\u00efve caf\u00e9, \u0395\u03bb\u03bb\u03b7\u03bd\u03b9\u03ba\u03ac, \u0440\u0443\u0441\u0441\u043a\u0438\u0439 \u0442\u0435\u043a\u0441\u0442, \u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8, \u4e2d\u6587\u5206\u8bcd, \u0627\u0644\u0639\u0631\u0628\u064a\u0629",
        "{\"role\": \"user\", \"content\": \"What is the capital of France?\"} <tag attr='x'>value</tag> 3.14159 2026-01-01",
        "SELECT name, count(*) FROM layers WHERE index >= 10 AND kind = 'attention' GROUP BY name; HTTPServer iOS camelCase"] * 4

TEKKEN = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+"
          r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
CL100K = (r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s")
DEEPSEEK = r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
BYTES = D.ByteLevel()


def split(pattern, behavior="isolated", invert=False):
    return P.Split(Regex(pattern), behavior=behavior, invert=invert)


def byte_level(*steps):
    return P.Sequence([*steps, P.ByteLevel(add_prefix_space=False, use_regex=False)])


def bpe(pre, normalizer=None, decoder=BYTES, post=None, **options):
    t = Tokenizer(models.BPE(**options))
    t.pre_tokenizer = pre
    if normalizer:
        t.normalizer = normalizer
    t.train_from_iterator(TEXT, trainers.BpeTrainer(vocab_size=420, show_progress=False, initial_alphabet=P.ByteLevel.alphabet()))
    t.decoder = decoder
    if post:
        t.post_processor = post(t)
    return t


def spaced(normalizer, decoder, pre=None, **options):
    """SentencePiece-like: blanks as U+2581, unknown bytes as <0xNN>."""
    hexes = [f"<0x{i:02X}>" for i in range(256)]
    t = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True, **options))
    if normalizer:
        t.normalizer = normalizer
    if pre:
        t.pre_tokenizer = pre
    t.train_from_iterator(TEXT, trainers.BpeTrainer(vocab_size=560, special_tokens=["<unk>", "<s>", "</s>"] + hexes, show_progress=False,
                                                    max_token_length=10))
    j = json.loads(t.to_str())
    j["added_tokens"] = [a for a in j["added_tokens"] if not a["content"].startswith("<0x")]
    t = Tokenizer.from_str(json.dumps(j))
    t.decoder = decoder
    return t


def unigram(byte_fallback):
    t = Tokenizer(models.Unigram())
    t.normalizer = N.Sequence([N.Replace(" ", "\u2581")])
    t.pre_tokenizer = P.Metaspace(replacement="\u2581", prepend_scheme="first", split=False)
    t.decoder = D.Metaspace(replacement="\u2581", prepend_scheme="first", split=False)
    hexes = [f"<0x{i:02X}>" for i in range(256)] if byte_fallback else []
    t.train_from_iterator(TEXT, trainers.UnigramTrainer(vocab_size=300 + len(hexes), special_tokens=["<unk>", *hexes], unk_token="<unk>",
                                                        show_progress=False))
    j = json.loads(t.to_str())
    j["model"]["byte_fallback"] = byte_fallback
    j["added_tokens"] = [a for a in j["added_tokens"] if not a["content"].startswith("<0x")]
    if byte_fallback:
        j["decoder"] = {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, j["decoder"]]}
    return Tokenizer.from_str(json.dumps(j))


def added(t):
    t.add_special_tokens([AddedToken("<|a|>", special=True, normalized=False), AddedToken("<|ab|>", lstrip=True, rstrip=True, special=True)])
    t.add_tokens([AddedToken("THE", normalized=True), AddedToken("fox jumps", normalized=True, single_word=True), AddedToken("summer"),
                  AddedToken("  ", normalized=False)])
    return processors.RobertaProcessing(("<|a|>", t.token_to_id("<|a|>")), ("<|ab|>", t.token_to_id("<|ab|>")))


def pipelines():
    yield "tekken", bpe(byte_level(split(TEKKEN)))
    yield "cl100k", bpe(byte_level(split(CL100K)))
    yield "deepseek", bpe(byte_level(split(r"\p{N}{1,3}"), split("[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+"), split(DEEPSEEK)))
    yield "behaviors", bpe(byte_level(split(r"\s", "merged_with_next"), split("[aeiou]", "merged_with_previous"), split("[.,;]", "contiguous"),
                                      split(r"(?<=\d)-|(?<!x)=", "removed"), split("(?>ab|a)c|th*?e", "isolated")))
    yield "plain-splits", bpe(P.Sequence([P.WhitespaceSplit(), P.Punctuation("isolated"), P.Digits(individual_digits=False), P.ByteLevel(False, use_regex=False)]))
    yield "whitespace", bpe(P.Sequence([P.Whitespace(), P.ByteLevel(False, use_regex=False)]))
    yield "normalizers", bpe(P.ByteLevel(False), N.Sequence([N.NFKD(), N.StripAccents(), N.Lowercase(), N.Strip(), N.Replace(Regex(r"\s+"), " "),
                                                             N.Replace("fox", "ox")]))
    yield "added", bpe(P.ByteLevel(False), N.Lowercase(), post=added)
    yield "gemma", spaced(N.Replace(" ", "\u2581"), D.Sequence([D.Replace("\u2581", " "), D.ByteFallback(), D.Fuse()]),
                          P.Split(" ", "merged_with_previous"))
    yield "llama2", spaced(N.Sequence([N.Prepend("\u2581"), N.Replace(" ", "\u2581")]),
                           D.Sequence([D.Replace("\u2581", " "), D.ByteFallback(), D.Fuse(), D.Strip(" ", 1, 0)]))
    yield "metaspace", spaced(None, D.Sequence([D.ByteFallback(), D.Metaspace("\u2581", "always")]), P.Metaspace("\u2581", "always", True))
    yield "unigram", unigram(False)
    yield "unigram-bytes", unigram(True)


def sentencepieces():
    for kind in ("bpe", "unigram"):
        for prefix in (True, False):
            buffer = io.BytesIO()
            spm.SentencePieceTrainer.train(
                sentence_iterator=iter(line for t in TEXT for line in t.split("\n")), model_writer=buffer, vocab_size=520, model_type=kind,
                byte_fallback=True, normalization_rule_name="identity", remove_extra_whitespaces=False, add_dummy_prefix=prefix,
                character_coverage=0.98, minloglevel=2, hard_vocab_limit=False, num_threads=1)
            s = spm.SentencePieceProcessor(model_proto=buffer.getvalue())
            n = s.get_piece_size()
            types = [2 if s.is_unknown(i) else 3 if s.is_control(i) else 6 if s.is_byte(i) else 1 for i in range(n)]
            yield f"{kind}-{'prefix' if prefix else 'bare'}", s, {
                "model": "llama" if kind == "bpe" else "t5", "tokens": [s.id_to_piece(i) for i in range(n)],
                "scores": [s.get_score(i) for i in range(n)], "types": types, "unknown": s.unk_id(), "prefix": prefix}


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--from", dest="source", type=Path, required=True)
    a = ap.parse_args()
    strings = json.loads((a.source / "tokenizer_cases.json").read_text())["strings"]
    r = random.Random(3)
    strings = [s for s in strings[:170] if len(s) < 120] + r.sample(strings[170:], 60)
    strings += ["the fox jumps THE  fox jumpsy <|a|>  <|ab|>  xsummer SUMMER", "1-2 x=1 y=2 -3", "abc ac tthhe the", "a  b   c"]
    strings = [s for s in strings if "\0" not in s]
    out = {"strings": strings, "pipelines": {}, "sentencepiece": {}}
    for name, t in pipelines():
        ids = [t.encode(s).ids for s in strings]
        out["pipelines"][name] = {"tokenizer": json.loads(t.to_str()), "ids": ids, "decoded": [t.decode(i, skip_special_tokens=False) for i in ids]}
    for name, s, fields in sentencepieces():
        ids = [s.encode(x) for x in strings]
        out["sentencepiece"][name] = fields | {"ids": ids, "decoded": [s.decode(i) for i in ids]}
    f = HERE / "pipeline_cases.json"
    f.write_text(json.dumps(out, ensure_ascii=True, separators=(",", ":")) + "\n")
    print(f.stat().st_size, "bytes;", len(strings), "strings;", {k: sum(map(len, v["ids"])) for k, v in (out["pipelines"] | out["sentencepiece"]).items()})


if __name__ == "__main__":
    main()
