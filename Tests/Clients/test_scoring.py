"""OpenAI's own SDK with all of what text completions and embeddings can do."""

import unittest

import numpy as np
import openai

from server import FRANCE, shared

MODEL = "circuits-5m"


class Scoring(unittest.TestCase):
    def setUp(self):
        self.server = shared()
        self.client = openai.OpenAI(base_url=self.server.url + "/v1", api_key="none", max_retries=0)

    def complete(self, prompt, **more):
        return self.client.completions.create(model=MODEL, prompt=prompt, temperature=0, **more)

    def tokens(self, text):
        return self.server.json("POST", "/v1/tokenize", {"text": text})["tokens"]

    def test_right_is_likelier_than_wrong(self):
        """As lm-evaluation-harness asks: what is repeated has a probability, and not all of it the same."""
        scores = {}
        for city in (" Paris", " London"):
            logprobs = self.complete("The capital of France is" + city, echo=True, logprobs=1, max_tokens=0).choices[0].logprobs
            scores[city] = logprobs.token_logprobs[-1]
            self.assertIsNone(logprobs.token_logprobs[0])
            self.assertEqual("".join(logprobs.tokens), "The capital of France is" + city)
        self.assertGreater(scores[" Paris"], -0.5)
        self.assertLess(scores[" London"], scores[" Paris"] - 1)

    def test_batches_of_texts_and_tokens(self):
        prompts = ["The capital of France is", "Once upon a time", "1 2 3"]
        texts = self.complete(prompts, max_tokens=4, logprobs=2, n=2, echo=True)
        arrays = self.complete([self.tokens(one) for one in prompts], max_tokens=4, logprobs=2, n=2, echo=True)
        self.assertEqual([choice.index for choice in texts.choices], list(range(6)))
        for one, other, prompt in zip(texts.choices, arrays.choices, [one for one in prompts for _ in "ab"]):
            self.assertTrue(one.text.startswith(prompt))
            self.assertEqual((one.text, one.logprobs), (other.text, other.logprobs))
        self.assertEqual(texts.usage.prompt_tokens, sum(len(self.tokens(one)) for one in prompts))
        self.assertEqual(self.complete(self.tokens(prompts[0]), max_tokens=1).choices[0].text,
                         self.complete(prompts[0], max_tokens=1).choices[0].text)

    def test_a_stream_of_several(self):
        text = {}
        for chunk in self.complete(["a b c", "d e f"], max_tokens=5, stream=True, echo=True):
            for choice in chunk.choices:
                text[choice.index] = text.get(choice.index, "") + choice.text
        whole = self.complete(["a b c", "d e f"], max_tokens=5, echo=True)
        self.assertEqual(text, {choice.index: choice.text for choice in whole.choices})

    def test_bias_decides(self):
        paris, = self.tokens(" Paris")
        answer = self.client.chat.completions.create(
            model=MODEL, messages=FRANCE, temperature=0, max_tokens=30, logit_bias={str(paris): -100})
        self.assertNotIn(" Paris", answer.choices[0].message.content)
        answer = self.complete("Hello", max_tokens=3, logit_bias={str(paris): 100})
        self.assertEqual(answer.choices[0].text, " Paris" * 3)

    def test_embeddings(self):
        # The SDK asks for base64 where nothing is said.
        texts = ["The capital of France is Paris", "The capital of Italy is Rome", "1 2 3 4 5 6 7"]
        answer = self.client.embeddings.create(model=MODEL, input=texts)
        vectors = np.array([one.embedding for one in answer.data])
        self.assertEqual(vectors.shape, (3, 128))
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
        alike = vectors @ vectors.T
        self.assertGreater(alike[0, 1], alike[0, 2])
        floats = self.client.embeddings.create(model=MODEL, input=self.tokens(texts[0]), encoding_format="float")
        np.testing.assert_allclose(floats.data[0].embedding, vectors[0], atol=1e-6)

    def test_several_answers_share_the_prompt(self):
        answer = self.client.completions.create(
            model=MODEL, prompt="Once", n=3, temperature=1.5, seed=3, max_tokens=8)
        self.assertEqual(len({choice.text for choice in answer.choices}), 3)
        self.assertEqual(answer.usage.prompt_tokens, len(self.tokens("Once")))


if __name__ == "__main__":
    unittest.main()
