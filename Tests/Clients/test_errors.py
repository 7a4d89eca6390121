"""Why a request was refused, as clients of both worlds read it: a sentence here, an object in OpenAI's SDKs."""

import json
import os
import unittest

import openai

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
import litellm

from server import FRANCE, shared

CHAT = "/v1/chat/completions"


class Errors(unittest.TestCase):
    def setUp(self):
        self.server = shared()
        self.client = openai.OpenAI(base_url=self.server.url + "/v1", api_key="none", max_retries=0)

    def test_who_reads_strings_finds_a_string(self):
        for body, sentence in (({}, "Messages are required"), ({"model": "absent"}, "Model not found"),
                               (b"", "Request body is required")):
            _, _, data = self.server.call("POST", CHAT, body)
            self.assertEqual(json.loads(data)["error"], sentence)

    def test_openai_finds_message_type_code_and_param(self):
        cases = [
            (openai.BadRequestError, {"messages": []}, "messages_required", None, "Messages are required"),
            (openai.NotFoundError, {"model": "absent", "messages": FRANCE}, "model_not_found", None, "Model not found"),
            (openai.BadRequestError, {"messages": FRANCE, "temperature": 9}, "out_of_range", "temperature", "temperature must be"),
            (openai.BadRequestError, {"messages": FRANCE, "modalities": ["audio"]}, "unsupported_field", "modalities", "modalities"),
            (openai.BadRequestError, {"messages": FRANCE, "max_tokens": 10**6}, "context_length_exceeded", None,
             "This model's maximum context length is"),
        ]
        for kind, body, code, param, words in cases:
            with self.assertRaises(kind) as caught:
                self.client.chat.completions.create(**{"model": "circuits-5m", **body})
            error = caught.exception
            self.assertEqual((error.code, error.type, error.param), (code, "invalid_request_error", param))
            self.assertIn(words, error.message)
            self.assertTrue(error.body["message"].startswith(words))
            self.assertTrue(error.request_id)

    def test_openai_finds_them_where_nothing_is(self):
        with self.assertRaises(openai.NotFoundError) as caught:
            self.client.files.list()
        self.assertEqual(caught.exception.code, "not_found")

    def test_litellm_tells_an_overflow_of_the_context(self):
        model = {"model": "openai/circuits-5m", "api_base": self.server.url + "/v1", "api_key": "none", "num_retries": 0}
        long = [{"role": "user", "content": "word " * 9000}]
        with self.assertRaises(litellm.ContextWindowExceededError):
            litellm.completion(messages=long, **model)
        with self.assertRaises(litellm.ContextWindowExceededError):
            litellm.completion(messages=FRANCE, max_tokens=10**6, **model)
        with self.assertRaises(litellm.NotFoundError):
            litellm.completion(messages=FRANCE, **{**model, "model": "openai/absent"})
        with self.assertRaises(litellm.BadRequestError) as caught:
            litellm.completion(messages=FRANCE, temperature=9, **model)
        self.assertNotIsInstance(caught.exception, litellm.ContextWindowExceededError)
        self.assertIn("temperature must be", str(caught.exception))
        answer = litellm.completion(messages=FRANCE, temperature=0, max_tokens=20, **model)
        self.assertIn("Paris", answer.choices[0].message.content)


if __name__ == "__main__":
    unittest.main()
