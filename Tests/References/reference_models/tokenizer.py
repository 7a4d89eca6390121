"""A little byte-level BPE tokenizer for each pre-tokenizer, trained here."""
from __future__ import annotations

import json
from pathlib import Path


LLAMA3_RE = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
             r"|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2_RE = LLAMA3_RE.replace(r"\p{N}{1,3}", r"\p{N}")
O200K_RE = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
            r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
            r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")

TRAIN_TEXT = """The quick brown fox jumps over the lazy dog. It's a test, isn't it? We've got 1234567 reasons.
def forward(self, x):\n    return self.norm(x + self.attn(x))\n\nfor i in range(10):\n\tprint(i, "hello")
Attention is computed over queries, keys and values; the residual stream carries every layer's output.
Größe, naïve café, Ελληνικά, русский текст, 日本語のテキスト, 中文分词, العربية, हिन्दी, 😀👍🏽🚀.
{"role": "user", "content": "What is the capital of France?"} <tag attr='x'>value</tag> 3.14159 2026-01-01
SELECT name, count(*) FROM layers WHERE index >= 10 AND kind = 'attention' GROUP BY name;
""" * 4


def build_tokenizer(pre: str, vocab: int, out: Path, specials=("<|endoftext|>", "<|im_start|>", "<|im_end|>")):
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
    tok = Tokenizer(models.BPE(byte_fallback=False))
    bl = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False, trim_offsets=True)

    def split(rx):
        return pre_tokenizers.Split(Regex(rx), behavior="isolated", invert=False)
    if pre == "gpt2":
        tok.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    elif pre == "smollm":
        tok.pre_tokenizer = pre_tokenizers.Sequence([
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
    else:
        tok.pre_tokenizer = pre_tokenizers.Sequence([split({"llama3": LLAMA3_RE, "qwen2": QWEN2_RE,
                                                            "o200k": O200K_RE}[pre]), bl])
        if pre == "qwen2":
            tok.normalizer = normalizers.NFC()
    tok.decoder = decoders.ByteLevel()
    tr = trainers.BpeTrainer(vocab_size=vocab - len(specials), special_tokens=[], show_progress=False,
                             initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tok.train_from_iterator(TRAIN_TEXT.split("\n"), tr)
    from tokenizers import AddedToken
    tok.add_special_tokens([AddedToken(s, special=True, normalized=False) for s in specials])
    if tok.get_vocab_size() > vocab:
        raise SystemExit(f"vocab {vocab} is too small for the byte alphabet")
    out.mkdir(parents=True, exist_ok=True)
    tok.save(str(out / "tokenizer.json"))
    (out / "tokenizer_config.json").write_text(json.dumps(
        {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": specials[0], "eos_token": specials[0],
         "pad_token": specials[0], "model_max_length": 2048, "clean_up_tokenization_spaces": False}, indent=1))
    return tok
