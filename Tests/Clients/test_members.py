"""Every member of OpenAI's request schemas, as the pinned package has them, is implemented or refused by name."""

import json
import typing
import unittest

from openai.types import completion_create_params as completions
from openai.types import embedding_create_params as embeddings
from openai.types.chat import completion_create_params as chat

from server import FRANCE, shared

ENDPOINTS = {
    "/v1/chat/completions": (chat.CompletionCreateParamsNonStreaming, {"messages": FRANCE, "max_tokens": 2}),
    "/v1/completions": (completions.CompletionCreateParamsNonStreaming, {"prompt": "Once", "max_tokens": 2}),
    "/v1/embeddings": (embeddings.EmbeddingCreateParams, {"input": "Once"}),
}
# A value of each that asks for something; what is not here gets one that no member could have.
VALUES = {
    "model": "circuits-5m", "stream": True, "n": 2, "stop": " the", "seed": 3, "temperature": 1, "top_p": 0.5,
    "max_completion_tokens": 1, "max_tokens": 1, "frequency_penalty": 1, "presence_penalty": 1, "top_logprobs": 2,
    "user": "somebody", "metadata": {"a": "b"}, "safety_identifier": "x", "prompt_cache_key": "x",
    "stream_options": {"include_usage": True}, "reasoning_effort": "low", "messages": FRANCE, "prompt": "Twice",
    "echo": True, "logit_bias": {"5": 1}, "input": ["Twice", "Thrice"], "dimensions": 128, "encoding_format": "base64",
    "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}],
}


class Members(unittest.TestCase):
    def setUp(self):
        self.server = shared()

    def test_every_member_is_implemented_or_refused_by_name(self):
        seen = 0
        for path, (kind, body) in ENDPOINTS.items():
            for name in typing.get_type_hints(kind):
                value = VALUES.get(name, {"logprobs": "/chat/" in path or 2}.get(name, [[77]]))
                status, fields, data = self.server.call("POST", path, {**body, name: value})
                if status == 200:
                    self.assertNotIn("X-NeuroScope-Warnings", fields, name)
                    self.assertIn(name, {*VALUES, "logprobs"}, "a value that means nothing was accepted")
                else:
                    told = json.loads(data)
                    self.assertEqual(status, 400, (name, told))
                    field = told["details"].get("field", told["error"])
                    self.assertTrue(field.startswith(name) or told["code"] in ("no_chat_format", "unsupported_field"), (name, told))
                seen += 1
        self.assertGreater(seen, 50)

    def test_what_it_does_not_know_is_told(self):
        for path, (_, body) in ENDPOINTS.items():
            _, fields, data = self.server.call("POST", path, {**body, "flavour": "mint"})
            self.assertEqual(json.loads(data)["warnings"], ["flavour is not known and not used"])
            self.assertEqual(fields["X-NeuroScope-Warnings"], "flavour is not known and not used")


if __name__ == "__main__":
    unittest.main()
