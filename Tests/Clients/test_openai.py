"""OpenAI's own SDK, unchanged, against the server."""

import unittest

import openai

from server import FRANCE, shared


class OpenAI(unittest.TestCase):
    def setUp(self):
        self.server = shared()
        self.client = openai.OpenAI(base_url=self.server.url + "/v1", api_key="none", max_retries=0)

    def test_chat_and_usage(self):
        answer = self.client.chat.completions.create(
            model="circuits-5m", messages=FRANCE, temperature=0, max_tokens=30)
        self.assertIn("Paris", answer.choices[0].message.content)
        self.assertEqual(answer.choices[0].finish_reason, "stop")
        self.assertEqual(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens)

    def test_a_stream_says_the_same_and_ends_with_usage(self):
        whole = self.client.chat.completions.create(
            model="circuits-5m", messages=FRANCE, temperature=0.7, seed=5, max_tokens=20)
        text, usage, reasons = "", None, []
        for chunk in self.client.chat.completions.create(
                model="circuits-5m", messages=FRANCE, temperature=0.7, seed=5, max_tokens=20, stream=True,
                stream_options={"include_usage": True}):
            usage = chunk.usage or usage
            for choice in chunk.choices:
                text += choice.delta.content or ""
                reasons += [choice.finish_reason] if choice.finish_reason else []
        self.assertEqual(text, whole.choices[0].message.content)
        self.assertEqual(reasons, [whole.choices[0].finish_reason])
        self.assertEqual(usage.total_tokens, whole.usage.total_tokens)

    def test_stop_n_and_logprobs(self):
        answer = self.client.chat.completions.create(
            model="circuits-5m", messages=FRANCE, temperature=0, max_tokens=20, stop=[" is"], n=2, logprobs=True,
            top_logprobs=3)
        self.assertEqual(len(answer.choices), 2)
        for choice in answer.choices:
            self.assertNotIn(" is", choice.message.content)
            self.assertTrue(all(len(entry.top_logprobs) == 3 for entry in choice.logprobs.content))

    def test_models_and_completions(self):
        self.assertIn("circuits-5m", [model.id for model in self.client.models.list()])
        answer = self.client.completions.create(
            model="circuits-5m", prompt="The capital of France is", max_tokens=3, temperature=0)
        self.assertTrue(answer.choices[0].text)

    def test_errors_are_raised_by_status(self):
        with self.assertRaises(openai.NotFoundError):
            self.client.chat.completions.create(model="absent", messages=FRANCE)
        with self.assertRaises(openai.BadRequestError) as caught:
            self.client.chat.completions.create(model="circuits-5m", messages=[])
        self.assertEqual(caught.exception.body["message"], "Messages are required")
        self.assertEqual(caught.exception.code, "messages_required")
        with self.assertRaises(openai.BadRequestError):
            self.client.chat.completions.create(model="circuits-5m", messages=FRANCE, max_tokens=100_000)


if __name__ == "__main__":
    unittest.main()
