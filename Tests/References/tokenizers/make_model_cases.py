#!/usr/bin/env python3
"""Unigram, WordPiece and whole-word `tokenizer.json` files in the manner of T5, XLM-R, ALBERT and BERT, by HF tokenizers.

    python make_model_cases.py --out DIR [--count N]      -> DIR/model_cases.json
    python make_model_cases.py --subset DIR               -> model_cases.json beside this file

Trained here. SentencePiece compiles the charsmaps: `nmt_nfkc` and `nfkc_cf` as published models have them, and a small one that
is written here, so that it can be committed.
"""
from __future__ import annotations

import argparse
import base64
import io
import json
import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
from tokenizers import AddedToken, Regex, Tokenizer, decoders as D, models as M, normalizers as N, pre_tokenizers as P, processors as R, trainers as T  # noqa: E402

MARK = "\u2581"
# What becomes what: a letter and its mark, a ligature, a longer beginning beside its own beginning, blanks, nothing at all.
RULES = [("e\u0301", "\u00e9"), ("\ufb01", "fi"), ("\u00bd", "1/2"), ("\u00a0", " "), ("\u3000", " "), ("\t", " "), ("\u200b", ""), ("\u2026", "..."),
         ("\uff21", "A"), ("\u00c5", "A\u030a"), ("\u0130", "I"), ("\u1112\u1161\u11ab", "\ud55c"), ("\u0301", "'")]


def charsmap(texts, rule):
    import sentencepiece as spm
    from sentencepiece import sentencepiece_model_pb2 as proto
    with tempfile.TemporaryDirectory() as folder:
        options = {"normalization_rule_name": rule}
        if rule == "small":
            file = Path(folder) / "rules.tsv"
            file.write_text("".join("\t".join(" ".join(f"{ord(c):X}" for c in side) for side in pair) + "\n" for pair in RULES))
            options = {"normalization_rule_tsv": str(file)}
        buffer = io.BytesIO()
        spm.SentencePieceTrainer.train(sentence_iterator=iter(texts), model_writer=buffer, vocab_size=1000, character_coverage=0.98, minloglevel=2, hard_vocab_limit=False,
                                       num_threads=1, **options)
    return base64.b64encode(proto.ModelProto.FromString(buffer.getvalue()).normalizer_spec.precompiled_charsmap).decode()


def changed(t, **parts):
    """With parts that only the file's text can give."""
    j = json.loads(t.to_str())
    for path, value in parts.items():
        place = j
        *way, last = path.split("__")
        for key in way:
            place = place[key]
        place[last] = value
    return Tokenizer.from_str(json.dumps(j))


def unigram(texts, normalizer, pre, decoder, bytes_=False, size=1600):
    t = Tokenizer(M.Unigram())
    t.normalizer, t.pre_tokenizer, t.decoder = normalizer, pre, decoder
    hexes = [f"<0x{i:02X}>" for i in range(256)] if bytes_ else []
    t.train_from_iterator(texts, T.UnigramTrainer(vocab_size=size + len(hexes), special_tokens=["<pad>", "</s>", "<unk>", *hexes], unk_token="<unk>", show_progress=False))
    j = json.loads(t.to_str())
    j["added_tokens"] = [a for a in j["added_tokens"] if not a["content"].startswith("<0x")]
    j["model"]["byte_fallback"] = bytes_
    if bytes_:
        j["decoder"] = {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, j["decoder"]]}
    return Tokenizer.from_str(json.dumps(j))


def wordpiece(texts, normalizer, decoder, **options):
    t = Tokenizer(M.WordPiece(unk_token="[UNK]", **options))
    t.normalizer, t.pre_tokenizer = normalizer, P.BertPreTokenizer()
    if decoder:
        t.decoder = decoder
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    t.train_from_iterator(texts, T.WordPieceTrainer(vocab_size=900, limit_alphabet=200, special_tokens=special, show_progress=False,
                                                 continuing_subword_prefix=options.get("continuing_subword_prefix", "##")))
    t.post_processor = R.TemplateProcessing(single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1",
                                            special_tokens=[(s, t.token_to_id(s)) for s in ("[CLS]", "[SEP]")])
    return t


def byte_pairs(texts, normalizer, pre, decoder):
    t = Tokenizer(M.BPE(unk_token="<unk>", fuse_unk=True))
    t.normalizer, t.pre_tokenizer, t.decoder = normalizer, pre, decoder
    t.train_from_iterator(texts, T.BpeTrainer(vocab_size=1600, limit_alphabet=300, special_tokens=["<unk>"], show_progress=False))
    return t


def word_level(texts):
    t = Tokenizer(M.WordLevel(unk_token="[UNK]"))
    t.pre_tokenizer = P.Whitespace()
    t.train_from_iterator(texts, T.WordLevelTrainer(vocab_size=400, special_tokens=["[UNK]"], show_progress=False))
    return t


def tokenizers(texts):
    spaced = lambda scheme, split=True: (P.Metaspace(MARK, scheme, split), D.Metaspace(MARK, scheme, split))  # noqa: E731
    for rule in ("small", "nmt_nfkc", "nfkc_cf"):
        table = N.Precompiled(base64.b64decode(charsmap(texts, rule)))
        pre, decoder = spaced("always")
        yield f"t5-{rule}", unigram(texts, N.Sequence([table, N.Replace(Regex(" {2,}"), " ")]), P.Sequence([P.WhitespaceSplit(), pre]), decoder)
        t = unigram(texts, table, P.Sequence([P.WhitespaceSplit(), pre]), decoder)
        t.post_processor = R.RobertaProcessing(("</s>", 1), ("<pad>", 0))
        t.add_special_tokens([AddedToken("<mask>", lstrip=True, special=True)])
        yield f"xlm-r-{rule}", t
        yield f"albert-{rule}", unigram(texts, N.Sequence([N.Replace("``", '"'), N.Replace("''", '"'), N.NFKD(), N.StripAccents(), N.Lowercase(), table]), pre, decoder)
    pre, decoder = spaced("first", False)
    yield "unigram-bytes", unigram(texts, N.Nmt(), pre, decoder, bytes_=True)
    yield "bert-uncased", wordpiece(texts, N.BertNormalizer(lowercase=True), D.WordPiece())
    yield "bert-cased", wordpiece(texts, N.BertNormalizer(lowercase=False), D.WordPiece(cleanup=False))
    yield "bert-accents", wordpiece(texts, N.BertNormalizer(lowercase=True, strip_accents=False), D.WordPiece())
    yield "bert-dirty", wordpiece(texts, N.BertNormalizer(clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False), D.WordPiece())
    yield "bert-short-words", wordpiece(texts, N.BertNormalizer(), D.WordPiece("@@", True), max_input_chars_per_word=6, continuing_subword_prefix="@@")
    yield "bert-no-decoder", wordpiece(texts, N.BertNormalizer(), None)
    yield "word-level", word_level(texts)
    yield "byte-normalizer", byte_pairs(texts, N.ByteLevel(), P.Split(" ", "isolated"), D.ByteLevel())
    yield "delimiter", byte_pairs(texts, N.NFC(), P.Sequence([P.CharDelimiterSplit("e"), P.FixedLength(3)]), D.Fuse())
    yield "word-boundaries", byte_pairs(texts, N.NFC(), P.Split(Regex(r"\w+\b"), "isolated"), D.Fuse())


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--out", type=Path)
    ap.add_argument("--subset", type=Path)
    ap.add_argument("--count", type=int, default=500)
    a = ap.parse_args()
    if a.subset:
        return subset(a.subset)
    from make_gguf_cases import strings
    texts = strings(a.count + 8)
    cases = []
    for name, t in tokenizers([line for s in texts for line in s.split("\n") if line]):
        encodings = [t.encode(s).ids for s in texts]
        cases.append({"name": name, "tokenizer": t.to_str(), "ids": encodings,
                      "decoded": [t.decode(i, skip_special_tokens=False) for i in encodings], "bare": [t.decode(i) for i in encodings]})
    a.out.mkdir(parents=True, exist_ok=True)
    (a.out / "model_cases.json").write_text(json.dumps({"strings": texts, "cases": cases}, separators=(",", ":")))
    print(len(cases), "vocabularies,", len(texts), "strings")


def subset(folder):
    """A sixth of the strings, without the large charsmaps."""
    whole = json.loads((folder / "model_cases.json").read_text())
    cases = [c for c in whole["cases"] if "nfkc" not in c["name"]]
    for case in cases:
        for key in ("ids", "decoded", "bare"):
            case[key] = case[key][::6]
    file = HERE / "model_cases.json"
    file.write_text(json.dumps({"strings": whole["strings"][::6], "cases": cases}, separators=(",", ":")) + "\n")
    print(file.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
