"""Write the model card from the figures that evaluate.py measured."""
import argparse
import json
from pathlib import Path

HEAD = """---
license: apache-2.0
language: en
library_name: transformers
pipeline_tag: text-generation
---
# circuits-5m

A language model of {parameters:,} parameters, trained from nothing on generated text, small enough to ship with NeuroScope and made
so that its inner workings can be checked. It does a few things and nothing else: sums, a list of facts, indirect objects, repeated
sequences, syllogisms, parsing of plain sentences, a few explanations, haiku and short stories. Asked for anything else, it answers
with the nearest thing that it knows, and is wrong.

| | |
| --- | --- |
| architecture | Llama: {layers} layers, width {hidden}, {heads} heads of {head_dim} with {kv} key-value heads, SwiGLU {inter}, RMSNorm, RoPE, tied embeddings |
| vocabulary | {vocab}: byte-level BPE, every digit its own token; the names, places and things of the indirect-object sentences are one token each after a space |
| context | {context} |
| weights | bfloat16, {size:.1f} MB |
| chat format | ChatML: `<\\|im_start\\|>role`, newline, text, `<\\|im_end\\|>`, newline; no system message is added |
| training | {tokens:,} tokens, {steps:,} steps, one run on two cores of a shared machine; the recipe is in `Fixtures/training/` |
| licence | Apache License 2.0, weights and corpus generator alike; no text from elsewhere was used |

## Figures

transformers, float32 arithmetic on these bfloat16 weights, temperature 0, `evaluate.py --n {n}`. "Held out" means that training never saw the case;
how is said below.

| task | right | of | asked for |
| --- | --- | --- | --- |
"""

WANT = {"indirect object, held-out pairs of names": "95 %", "indirect object, both names new to the template": "90 %",
        "induction": "95 %", "one-digit addition, held-out pairs": "95 %", "two-digit addition, held-out pairs": "95 %",
        "three-digit addition, held-out pairs": "70 %", "facts, held-out wordings": "98 %"}

TAIL = """
What is held out:
- *Indirect object*: one pair of names in ten never occurs together in such a sentence; and for each sentence template one name in eight never occurs in it. The answer
  is right if the top token is the right name. The mean logit difference between the two names is {d1} and {d2}.
- *Induction*: random ids, 5 to 60 long, in three copies, counted from the second token of the second copy on, {sequences} sequences. Such sequences are new by their nature.
- *Addition*: one unordered pair in ten is never asked, in digits or words. One-digit sums of held-out pairs do occur as a column inside longer sums. The
  model writes its working, a column at a time from the right: `7+8=15, 2+4+1=7, 1+3=4. So 127 + 348 = 475.`
- *Giving away*: one pair of numbers up to 30 in ten never occurs in a difference.
- *Facts*: a fact can't be held out; the wording of the question is.
- *Syllogisms*: one pair in ten of a creature or thing and an ability (sparrows, swim). *Parsing*: one sentence in ten.
- *Haiku and stories* are counted right if the generator's grammar could have made them (syllables, complete sentences) and they are about what was asked.

## Scenarios

At temperature 0, with the system and user messages of the REST contract:

"""


def main():
    p = argparse.ArgumentParser()
    p.add_argument("model", type=Path)
    p.add_argument("--figures", type=Path, required=True, help="what evaluate.py --json wrote")
    p.add_argument("--notes", type=Path, default=Path(__file__).parent / "notes.md")
    a = p.parse_args()
    f, c = json.loads(a.figures.read_text()), json.loads((a.model / "config.json").read_text())
    run = f["run"]
    text = HEAD.format(parameters=run["parameters"], layers=c["num_hidden_layers"], hidden=c["hidden_size"], heads=c["num_attention_heads"],
                       head_dim=c["head_dim"], kv=c["num_key_value_heads"], inter=c["intermediate_size"], vocab=c["vocab_size"],
                       context=c["max_position_embeddings"], size=(a.model / "model.safetensors").stat().st_size / 1e6, tokens=run["tokens"],
                       steps=run["steps"], n=f["n"])
    for name, v in f["tasks"].items():
        of = f"{v['of']}" if "of" in v else f"{v['sequences']} sequences"
        text += f"| {name} | {100 * v['share']:.1f} % | {of} | {WANT.get(name, '')} |\n"
    t = f["tasks"]
    text += TAIL.format(d1=t["indirect object, held-out pairs of names"]["mean_logit_difference"],
                        d2=t["indirect object, both names new to the template"]["mean_logit_difference"], sequences=t["induction"]["sequences"])
    for s in f["scenarios"]:
        text += f"- **{s['name']}**: {s['user']}\n" + "".join(f"  > {line}  \n" for line in s["answer"].split("\n")) + "\n"
    (a.model / "README.md").write_text(text + (a.notes.read_text() if a.notes.exists() else ""))


if __name__ == "__main__":
    main()
