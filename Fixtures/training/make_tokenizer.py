"""Train the tokenizer on the corpus: byte-level BPE, every digit a token, written as a Hugging Face directory."""
import argparse
import json
import random
import re
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

import corpus
from facts import FACTS

SPECIAL = [corpus.END, corpus.S, corpus.E]
TEMPLATE = ("{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}"
            "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}")


def texts(n, seed):
    r = random.Random(seed)
    for name in corpus.NAMES:  # a name after a space is to be one token
        for _ in range(n // 200):
            yield f"{r.choice(corpus.NAMES)} and {name} to {name}"
    known = ("France Paris London England Germany Berlin Italy Rome Spain Madrid Russia Moscow China Beijing Japan Tokyo India Egypt Cairo Greece "
             "Athens Canada Ottawa Norway Oslo Sweden Poland Warsaw Portugal Lisbon Ireland Dublin Austria Vienna Brazil Mexico Peru Lima Cuba "
             "Iran Iraq Kenya Nepal Turkey Neil Armstrong Marie Curie Albert Einstein blue red green yellow black white orange brown grey").split()
    for w in corpus.PLACES + corpus.OBJECTS + known:  # and so are the words that the experiments turn on
        for _ in range(n // 200):
            yield f"the {w} is {w}"
    for _ in range(n // 3000):
        for f in FACTS:
            yield f["answer"]
    for _ in range(n):
        d = corpus.document(r, 2048, {k: 1 for k in corpus.TASKS})
        if d[0][0] != "ids":
            yield re.sub(r"<\|\w+\|>", "\0", "".join(t for t, _ in d)).replace("\0", "\n")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--vocab", type=int, default=2048)
    p.add_argument("--documents", type=int, default=30000)
    a = p.parse_args()
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True),
                                               pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(texts(a.documents, 7), trainers.BpeTrainer(
        vocab_size=a.vocab, special_tokens=SPECIAL, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False))
    a.out.mkdir(parents=True, exist_ok=True)
    t.save(str(a.out / "tokenizer.json"))
    (a.out / "tokenizer_config.json").write_text(json.dumps({
        "tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 512, "bos_token": None, "eos_token": corpus.E,
        "pad_token": corpus.END, "unk_token": None, "clean_up_tokenization_spaces": False, "add_prefix_space": False,
        "chat_template": TEMPLATE}, indent=2) + "\n")
    one = sum(len(t.encode(" " + n).ids) == 1 for n in corpus.NAMES)
    print(f"vocabulary {t.get_vocab_size()}, names that are one token after a space: {one} of {len(corpus.NAMES)}")


if __name__ == "__main__":
    main()
