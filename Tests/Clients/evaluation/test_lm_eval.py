"""lm-evaluation-harness, unchanged: what its `local-completions` makes of the server is what its `hf` backend computes."""

import itertools
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM
from lm_eval.models.openai_completions import LocalCompletionsAPI

from server import shared

MODEL = str(pathlib.Path(__file__).parents[3] / "Fixtures/models/circuits-5m")
TOLERANCE = 1e-3


def items():
    """Contexts with right, wrong, odd and long continuations."""
    countries = ["France", "Italy", "Spain", "Japan", "Germany", "Egypt", "Peru", "Norway", "Kenya", "China"]
    capitals = [" Paris", " Rome", " Madrid", " Tokyo", " Berlin", " London"]
    pairs = [(f"The capital of {country} is", capital) for country in countries for capital in capitals]
    names = ["Mary", "John", "Anna", "Tom", "Sara"]
    pairs += [(f"When {a} and {b} went to the store, {a} gave a drink to", f" {c}")
              for a, b in itertools.permutations(names, 2) for c in (a, b, "nobody")]
    odd = ["é", "🙂 yes", "\n\nA line\n", " 3 + 4 = 7.", "<|im_end|>", " the", "  ", "日本語のテキスト", "x" * 40]
    pairs += [(context, text) for context in ("Once upon a time", "Was sagt ü🙂", "1 2 3 4 5 6 7 8 9") for text in odd]
    long = " ".join(f"number {n} is followed by {n + 1}," for n in range(60))
    pairs += [(long[:200 + 80 * n], long[200 + 80 * n:200 + 80 * n + 60]) for n in range(12)]
    pairs += [(f"{a} plus {b} is", f" {a + b}") for a in range(8) for b in range(8)]
    return pairs


class Evaluation(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pairs = items()
        cls.requests = [Instance("loglikelihood", {}, pair, n) for n, pair in enumerate(cls.pairs)]
        cls.expected = HFLM(pretrained=MODEL, dtype="float32", device="cpu", batch_size=1).loglikelihood(cls.requests)

    def check(self, **more):
        client = LocalCompletionsAPI(
            base_url=shared().url + "/v1/completions", model="circuits-5m", tokenizer=MODEL,
            tokenizer_backend="huggingface", **more)
        found = client.loglikelihood(self.requests)
        self.assertGreaterEqual(len(found), 200)
        furthest = 0
        for pair, (value, greedy), (own, own_greedy) in zip(self.pairs, self.expected, found):
            furthest = max(furthest, abs(value - own))
            self.assertLess(abs(value - own), TOLERANCE, pair)
            self.assertEqual(greedy, own_greedy, pair)
        print(f"lm-eval {more}: {len(found)} items, furthest apart {furthest:.2e}", file=sys.stderr)

    def test_requests_of_tokens(self):
        self.check(tokenized_requests=True, batch_size=1)

    def test_batches_of_tokens(self):
        self.check(tokenized_requests=True, batch_size=16)

    def test_requests_of_texts(self):
        self.check(tokenized_requests=False, batch_size=8)

    def test_the_expectation_tells_right_from_wrong(self):
        """Were prompts not scored, every continuation would look alike."""
        scores = {pair: value for pair, (value, _) in zip(self.pairs, self.expected)}
        self.assertGreater(scores["The capital of France is", " Paris"], scores["The capital of France is", " London"] + 1)


if __name__ == "__main__":
    unittest.main()
