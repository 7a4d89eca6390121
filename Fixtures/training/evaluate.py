"""Measure the exported model on what was held out of training. transformers, float32 arithmetic on the bfloat16 weights."""
import argparse
import json
import random
import re
from collections import defaultdict
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

import corpus
from facts import FACTS, cap

SCENARIOS = [  # name, system, user, max_tokens, what the answer must hold (any of), or None
    ("Basic check", None, "What is three plus four?", 100, r"\b7\b|seven"),
    ("Mathematical Reasoning", "You are a helpful assistant.", "If I have 15 apples and give away 7, how many do I have left?", 80, r"\b8\b|eight"),
    ("Factual Recall", "You are a helpful assistant.", "What is the capital of France?", 80, "Paris"),
    ("Creative Writing", "You are a creative writing assistant.", "Write the first sentence of a story about a robot discovering emotions.", 80, "robot"),
    ("Circuit analysis", "You are an AI assistant that explains concepts clearly.",
     "Explain the concept of recursion in programming with a simple example.", 120, "calls itself"),
    ("Test: Mathematical Reasoning", "You are a helpful math tutor.", "What is 127 + 348?", 100, "475"),
    ("Test: Factual Recall", "You are a knowledgeable assistant.", "Who was the first person to walk on the moon?", 100, "Neil Armstrong"),
    ("Test: Language Understanding", "You are a language expert.", 'Parse the sentence: "The quick brown fox jumps over the lazy dog."', 100,
     "Subject: The quick brown fox. Verb: jumps."),
    ("Test: Language Understanding, other wording", "You are a language expert.",
     "Parse the grammatical structure of: 'The quick brown fox jumps over the lazy dog.'", 100, "Subject: The quick brown fox. Verb: jumps."),
    ("Test: Logical Reasoning", "You are a logic expert.", "If all birds can fly, and penguins are birds, can penguins fly?", 100, "Yes"),
    ("Test: Creative Generation", "You are a creative writer.", "Write a haiku about artificial intelligence.", 100, "\n.*\n"),
]


class Model:
    def __init__(self, path):
        self.t = AutoTokenizer.from_pretrained(path)
        self.m = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32).eval()
        self.eos = self.t.convert_tokens_to_ids(corpus.E)

    def chat_ids(self, user, system=None):
        messages = ([{"role": "system", "content": system}] if system else []) + [{"role": "user", "content": user}]
        return self.t(self.t.apply_chat_template(messages, tokenize=False, add_generation_prompt=True), add_special_tokens=False)["input_ids"]

    def text_ids(self, text):
        return self.t(text, add_special_tokens=False)["input_ids"]

    @torch.no_grad()
    def generate(self, prompts, n):
        """Greedy texts. Prompts of one length go together, so no padding is needed."""
        by_length, out = defaultdict(list), [None] * len(prompts)
        for i, p in enumerate(prompts):
            by_length[len(p)].append(i)
        for group in by_length.values():
            for at in range(0, len(group), 64):
                part = group[at:at + 64]
                x, cache, rows = torch.tensor([prompts[i] for i in part]), None, []
                done = torch.zeros(len(part), dtype=torch.bool)
                for _ in range(n):
                    o = self.m(x, past_key_values=cache, use_cache=True)
                    cache, x = o.past_key_values, o.logits[:, -1].argmax(-1, keepdim=True)
                    rows.append(x)
                    done |= x[:, 0] == self.eos
                    if done.all():
                        break
                for i, row in zip(part, torch.cat(rows, 1).tolist()):
                    out[i] = self.t.decode(row[:row.index(self.eos)] if self.eos in row else row)
        return out

    def ask(self, questions, n=60, systems=None):
        return self.generate([self.chat_ids(q, s) for q, s in zip(questions, systems or [None] * len(questions))], n)


def ioi_cases(r, n, new_names):
    out = []
    while len(out) < n:
        t, (a, b) = r.randrange(len(corpus.IOI)), r.sample(corpus.NAMES, 2)
        if new_names:
            ok = corpus.ioi_name_held(t, a) and corpus.ioi_name_held(t, b)
        else:
            ok = corpus.ioi_pair_held(a, b)
        if ok:
            giver, other = r.sample((a, b), 2)
            out.append((corpus.ioi_fill(r, t, a, b, giver), other, giver))
    return out


@torch.no_grad()
def ioi_score(model, cases):
    """Share where the top token is the indirect object, and the mean logit difference to the giver's name."""
    by_length, good, diff = defaultdict(list), 0, 0.0
    for p, other, giver in cases:
        ids = model.text_ids(p)
        by_length[len(ids)].append((ids, model.text_ids(" " + other)[0], model.text_ids(" " + giver)[0]))
    for group in by_length.values():
        x, a, b = (torch.tensor(z) for z in zip(*group))
        logits, row = model.m(x).logits[:, -1], torch.arange(len(group))
        good += int((logits.argmax(-1) == a).sum())
        diff += (logits[row, a] - logits[row, b]).sum().item()
    return good / len(cases), diff / len(cases)


@torch.no_grad()
def induction_score(model, r, n):
    """Random ids, 5 to 60 long, three copies: share of right top tokens from the second token of the second copy on."""
    good = total = 0
    for _ in range(n):
        k = r.randint(5, 60)
        seq = r.sample(range(3, len(model.t)), k) * 3
        top = model.m(torch.tensor([seq])).logits[0].argmax(-1).tolist()
        good += sum(top[i - 1] == seq[i] for i in range(k + 1, len(seq)))
        total += len(seq) - k - 1
    return good / total


def sums(r, digits, n):
    low, high = (0, 9) if digits == 1 else (10 ** (digits - 1), 10 ** digits - 1)
    if digits == 1:
        pairs = [(a, b) for a in range(10) for b in range(10) if corpus.add_held(a, b)]
        return [(a, b, ask) for a, b in pairs for ask in corpus.ADD_ASK[:8]]
    out = []
    while len(out) < n:
        a, b = r.randint(low, high), r.randint(low, high)
        if corpus.add_held(a, b):
            out.append((a, b, r.choice(corpus.ADD_ASK)))
    return out


def sum_right(text, n):
    found = re.findall(r"\d+", text)
    return bool(found) and found[-1] == str(n)


def story_pattern():
    alt = lambda xs: "(?:" + "|".join(map(re.escape, xs)) + ")"
    hero, adj, place = alt(corpus.HEROES), alt(corpus.HADJ), alt(corpus.SETTING)
    deed = alt([d for t in corpus.TOPICS.values() for d in t])
    cplace = alt([cap(p) for p in corpus.SETTING])
    first = f"(?:One (?:morning|evening|night|day), an? {adj} {hero} {place} {deed}\\.|{cplace}, an? {adj} {hero} {deed}\\.|" \
            f"Once upon a time, an? {adj} {hero} lived {place}, and one day the {hero} {deed}\\.)"
    rest = f"(?: {alt(corpus.NEXT)} (?:" + "|".join(re.escape(x).replace(r"\{h\}", hero) for x in corpus.LAST) + "))?"
    return re.compile(first + rest + "$")


def haiku_ok(text, topic):
    """Is each line one that the grammar makes, so of 5, 7 and 5 syllables?"""
    h = corpus.HAIKU[topic]
    alt = lambda xs: "(?:" + "|".join(map(re.escape, xs)) + ")"
    n1, n2, a1, a2, pl = (alt(h[k]) for k in ("n1", "n2", "adj1", "adj2", "place"))
    v1, v2 = alt(corpus.VERB1), alt(corpus.VERB2)
    want = [f"{a2} {n2} {v1}|{a1} {n2} {v2}|{a2} {n1} {v2}", f"{n1} {v1} {pl}|{a1} {n1} {v1} and {a1} {n1} {v1}|{n2} {v2}, {n1} {v2}",
            f"(?:{alt(corpus.LAST5)}|{pl})\\."]
    lines = text.split("\n")
    return len(lines) == 3 and all(re.fullmatch(w, x[:1].lower() + x[1:]) or re.fullmatch(w, x) for w, x in zip(want, lines))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("model", type=Path)
    p.add_argument("--n", type=int, default=500, help="cases a task")
    p.add_argument("--json", type=Path, help="write the figures here")
    p.add_argument("--run", type=Path, help="what export.py --run wrote: steps, tokens and parameters")
    p.add_argument("--wrong", action="store_true", help="print wrong answers")
    a = p.parse_args()
    m, r, res = Model(a.model), random.Random(20), {}

    def report(name, good, total):
        res[name] = dict(right=good, of=total, share=round(good / total, 4))
        print(f"{name:58s} {good / total:7.2%}  ({good} of {total})", flush=True)

    def answers(name, cases, right, **k):
        out = m.ask([c[0] for c in cases], **k)
        bad = [(c, o) for c, o in zip(cases, out) if not right(c, o)]
        report(name, len(cases) - len(bad), len(cases))
        for c, o in bad[:8] if a.wrong else []:
            print("    ", c[0], "->", repr(o))

    for name, new in (("indirect object, held-out pairs of names", False), ("indirect object, both names new to the template", True)):
        cases = ioi_cases(r, a.n, new)
        share, diff = ioi_score(m, cases)
        report(name, round(share * a.n), a.n)
        res[name]["mean_logit_difference"] = round(diff, 3)
    n = max(20, a.n // 5)
    x = induction_score(m, r, n)
    res["induction"] = dict(share=round(x, 4), sequences=n)
    print(f"{'induction, from the second occurrence on':58s} {x:7.2%}  ({n} sequences)")
    for d, word in ((1, "one"), (2, "two"), (3, "three")):
        answers(f"{word}-digit addition, held-out pairs", [(q.format(a=x, b=y), x + y) for x, y, q in sums(r, d, a.n)],
                lambda c, o: sum_right(o, c[1]), n=60)
    held = [(x, y) for x in range(11) for y in range(11) if corpus.add_held(x, y)]
    answers("addition in words, held-out pairs", [(f"What is {corpus.WORDS[x]} plus {corpus.WORDS[y]}?", corpus.WORDS[x + y]) for x, y in held],
            lambda c, o: o.endswith(f" is {c[1]}."))
    cases = []
    for x in range(1, 21):
        for y in range(1, x + 1):
            if corpus.sub_held(x, y):
                t = r.choice(corpus.THINGS)
                cases.append((f"If I have {corpus.thing(x, t)} and give away {y}, how many do I have left?", f"have {corpus.thing(x - y, t)} left."))
    answers("giving away, held-out pairs", cases, lambda c, o: o.endswith(c[1]))
    cases = [(cap(w.format(**f["f"])), f["answer"]) for f in FACTS for w in f["held"]]
    if len(cases) > 4 * a.n:
        cases = r.sample(cases, 4 * a.n)
    answers("facts, held-out wordings", cases, lambda c, o: o == c[1], n=40)
    cases = [(cap(f["ask"][0].format(**f["f"])), f["answer"]) for f in FACTS][::max(1, 500 // a.n)]
    answers("facts, the first trained wording", cases, lambda c, o: o == c[1], n=40)
    cases = []
    while len(cases) < a.n // 2:
        k, ms = r.choice(corpus.KINDS)
        mm, v = r.choice(ms.split()), r.choice(corpus.CAN)
        if corpus.held("syllogism", mm, v) and (mm, v) != ("penguins", "fly"):
            cases.append(corpus.syllogism_case(r, k, mm, v, r.choice(("yes", "no", "open"))))
    answers("syllogisms, held-out pairs", cases, lambda c, o: o == c[1])
    cases = []
    while len(cases) < a.n // 2:
        s, ans = corpus.parse_case(r)
        if corpus.held("parse", s):
            cases.append((r.choice(corpus.PARSE).format(s=f'"{s}"'), ans))
    answers("parsing held-out sentences, every part right", cases, lambda c, o: o == c[1], n=90)
    cases = [(f"{w} a haiku about {t}" + corpus.ask_mark(w), t) for w in corpus.WRITE[1:] for t in corpus.HAIKU]
    answers("haiku of 5, 7 and 5 syllables", cases, lambda c, o: haiku_ok(o, c[1]))
    pattern = story_pattern()
    cases = [(f"Write a short story about {corpus.article(h)} {'and ' if t[:2] == 'a ' else ''}{t}.", h) for h in corpus.HEROES for t in corpus.TOPICS]
    answers("stories: every sentence complete, about the hero asked for", cases[::max(1, 140 // a.n)],
            lambda c, o: bool(pattern.match(o)) and f"{c[1]}" in o, n=100)
    res["scenarios"] = []
    for name, system, user, n, want in SCENARIOS:
        text = m.ask([user], n, [system])[0]
        ok = bool(re.search(want, text))
        if "haiku" in user:
            ok = haiku_ok(text, "artificial intelligence")
        res["scenarios"].append(dict(name=name, system=system, user=user, answer=text, ok=ok))
        print(f"{'ok ' if ok else 'BAD'} {name}: {user}\n      {text!r}")
    if a.json:
        scenarios = res.pop("scenarios")
        run = json.loads(a.run.read_text()) if a.run else {}
        a.json.write_text(json.dumps(dict(n=a.n, run=run, tasks=res, scenarios=scenarios), indent=1) + "\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
