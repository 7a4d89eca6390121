"""Makers of structured answers, unchanged, against the server: what they want is what they get, however wildly it is drawn."""

import enum
import typing
import unittest

import instructor
import openai
import outlines
import pydantic
from instructor.core.exceptions import IncompleteOutputException
from langchain_openai import ChatOpenAI
from pydantic_ai import Agent, NativeOutput, ToolOutput
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from structured import shared

HI = [{"role": "user", "content": "Describe somebody."}]


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Pet(pydantic.BaseModel):
    kind: typing.Literal["cat", "dog"]
    age: int = pydantic.Field(ge=0, le=30)


class Person(pydantic.BaseModel):
    """Somebody."""

    name: str = pydantic.Field(max_length=8)
    colour: Colour
    pets: list[Pet] = pydantic.Field(max_length=2)
    height: float | None = pydantic.Field(default=None, gt=0.5, lt=2.5)


class StructuredClients(unittest.TestCase):
    def setUp(self):
        self.url = shared().url + "/v1"
        self.client = openai.OpenAI(base_url=self.url, api_key="none", max_retries=0)

    def test_openai_parses_answers_and_calls(self):
        for temperature in (0, 1.5):
            answer = self.client.chat.completions.parse(
                model="circuits-5m", messages=HI, response_format=Person, temperature=temperature, max_tokens=300)
            self.assertIsInstance(answer.choices[0].message.parsed, Person)
            response = self.client.responses.parse(
                model="circuits-5m", input="Somebody", text_format=Person, temperature=temperature, max_output_tokens=300)
            self.assertIsInstance(response.output_parsed, Person)
            calls = self.client.chat.completions.parse(
                model="calls", messages=HI, tools=[openai.pydantic_function_tool(Person)], tool_choice="required",
                parallel_tool_calls=False, temperature=temperature, max_tokens=300)
            (call,) = calls.choices[0].message.tool_calls
            self.assertIsInstance(call.function.parsed_arguments, Person)

    def test_instructor_in_its_modes(self):
        for mode, model in ((instructor.Mode.TOOLS, "calls"), (instructor.Mode.JSON_SCHEMA, "circuits-5m")):
            with self.subTest(mode):
                client = instructor.from_openai(self.client, mode=mode)
                made = client.chat.completions.create(
                    model=model, messages=HI, response_model=Person, max_retries=0, temperature=1.2, seed=4, max_tokens=300)
                self.assertIsInstance(made, Person)

    def test_instructor_in_plain_json_mode(self):
        # It asks for any object, and for the schema in words only; this model may not come to an end.
        class Anything(pydantic.BaseModel):
            pass

        client = instructor.from_openai(self.client, mode=instructor.Mode.JSON)
        made = 0
        for seed in range(8):
            try:
                client.chat.completions.create(
                    model="circuits-5m", messages=HI, response_model=Anything, max_retries=0, temperature=1.5, seed=seed,
                    max_tokens=300)
                made += 1
            except IncompleteOutputException:
                continue
        self.assertGreater(made, 0)

    def test_langchain_with_structured_output(self):
        for method, model in (("json_schema", "circuits-5m"), ("function_calling", "calls")):
            with self.subTest(method):
                chat = ChatOpenAI(base_url=self.url, api_key="none", model=model, temperature=1.2, max_tokens=300, max_retries=0)
                made = chat.with_structured_output(Person, method=method).batch(["One", "Another"])
                self.assertTrue(all(isinstance(one, Person) for one in made))

    def test_pydantic_ai_typed_output(self):
        for output, name in ((NativeOutput(Person), "circuits-5m"), (ToolOutput(Person), "calls")):
            with self.subTest(name):
                model = OpenAIChatModel(name, provider=OpenAIProvider(base_url=self.url, api_key="none"))
                agent = Agent(model, output_type=output, retries=0, model_settings={"temperature": 1.2, "max_tokens": 300})
                self.assertIsInstance(agent.run_sync("Describe somebody.").output, Person)

    def test_outlines(self):
        model = outlines.from_openai(self.client, "circuits-5m")
        made = model("Describe somebody.", Person, temperature=1.2, max_tokens=300)
        self.assertIsInstance(Person.model_validate_json(made), Person)


if __name__ == "__main__":
    unittest.main()
