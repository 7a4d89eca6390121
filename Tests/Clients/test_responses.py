"""OpenAI's own SDK with the Responses API: text, items, instructions and streams, without anything kept."""

import typing
import unittest

import openai
from openai.types.responses import response_create_params as responses

from server import FRANCE, shared

ASK = {"model": "circuits-5m", "temperature": 0, "max_output_tokens": 30}
QUESTION = FRANCE[0]["content"]


class Responses(unittest.TestCase):
    def setUp(self):
        self.server = shared()
        self.client = openai.OpenAI(base_url=self.server.url + "/v1", api_key="none", max_retries=0)

    def chat(self, messages):
        return self.client.chat.completions.create(
            model="circuits-5m", messages=messages, temperature=0, max_tokens=30).choices[0].message.content

    def test_a_text_is_answered_as_chat_answers_it(self):
        answer = self.client.responses.create(input=QUESTION, **ASK)
        self.assertEqual(answer.output_text, self.chat(FRANCE))
        self.assertIn("Paris", answer.output_text)
        self.assertEqual(answer.status, "completed")
        self.assertEqual(answer.usage.total_tokens, answer.usage.input_tokens + answer.usage.output_tokens)

    def test_items_and_instructions_are_the_conversation(self):
        items = [{"role": "user", "content": [{"type": "input_text", "text": "Hello"}]},
                 {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hi."}]},
                 {"role": "user", "content": QUESTION}]
        answer = self.client.responses.create(input=items, instructions="Be brief.", **ASK)
        self.assertEqual(answer.output_text, self.chat([
            {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"},
            {"role": "assistant", "content": "Hi."}, *FRANCE]))
        again = self.client.responses.create(input=[*items[:2], *answer.output, *FRANCE], **ASK)
        self.assertTrue(again.output_text)

    def test_a_stream_says_the_same_event_by_event(self):
        whole = self.client.responses.create(input=QUESTION, **ASK)
        text, numbers, types = "", [], []
        with self.client.responses.stream(input=QUESTION, **ASK) as stream:
            for event in stream:
                numbers.append(event.sequence_number)
                types.append(event.type)
                if event.type == "response.output_text.delta":
                    text += event.delta
            final = stream.get_final_response()
        self.assertEqual(text, whole.output_text)
        self.assertEqual(final.output_text, whole.output_text)
        self.assertEqual(numbers, list(range(len(numbers))))
        self.assertEqual((types[0], types[-1]), ("response.created", "response.completed"))
        self.assertEqual(final.usage.total_tokens, whole.usage.total_tokens)

    def test_an_answer_that_is_cut_says_so(self):
        answer = self.client.responses.create(input=QUESTION, **{**ASK, "max_output_tokens": 2})
        self.assertEqual((answer.status, answer.incomplete_details.reason), ("incomplete", "max_output_tokens"))

    def test_every_member_is_implemented_or_refused_by_name(self):
        values = {"stream": None, "model": "circuits-5m", "input": "Hi", "instructions": "x", "max_output_tokens": 3,
                  "temperature": 1, "top_p": 0.5, "metadata": {"a": "b"}, "user": "x", "safety_identifier": "x",
                  "prompt_cache_key": "x", "reasoning": {"summary": "auto"}, "text": {"format": {"type": "text"}}}
        seen = 0
        for name in typing.get_type_hints(responses.ResponseCreateParamsNonStreaming):
            value = values.get(name, [[77]])
            status, fields, data = self.server.call(
                "POST", "/v1/responses", {"input": "Hi", "max_output_tokens": 1, name: value})
            if status == 200:
                self.assertIn(name, values)
                self.assertNotIn("X-NeuroScope-Warnings", fields)
            else:
                self.assertEqual(status, 400, (name, data))
                self.assertIn(name.encode(), data)
            seen += 1
        self.assertGreater(seen, 30)
        for body, field in (({"previous_response_id": "resp_1"}, "previous_response_id"), ({"store": True}, "store"),
                            ({"text": {"verbosity": "high"}}, "text.verbosity"),
                            ({"text": {"format": {"type": "json_schema", "schema": {"not": {}}}}}, "text.format.schema.not")):
            with self.assertRaises(openai.BadRequestError) as caught:
                self.client.responses.create(input="Hi", **ASK, **body)
            self.assertEqual(caught.exception.param, field)


if __name__ == "__main__":
    unittest.main()
