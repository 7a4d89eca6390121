"""inspect-ai and `llm`, unchanged, against the server, with what they want of an answer: schemas, calls, log probabilities."""

import asyncio
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import typing
import unittest

import llm
import pydantic
from inspect_ai import Task, eval as evaluate
from inspect_ai.dataset import Sample
from inspect_ai.model import GenerateConfig, ResponseSchema, get_model
from inspect_ai.scorer import Score, accuracy, match, scorer
from inspect_ai.solver import generate
from inspect_ai.tool import tool
from inspect_ai.util import json_schema

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "structured"))

from structured import shared  # noqa: E402


class Pet(pydantic.BaseModel):
    kind: str = pydantic.Field(max_length=8)
    age: int = pydantic.Field(ge=0, le=30)


class Kept(pydantic.BaseModel):
    """What inspect-ai tells of a schema: kinds, choices and members, no bounds."""

    kind: typing.Literal["cat", "dog"]
    indoors: bool
    legs: typing.Literal["three", "four"]


@tool
def add():
    async def execute(x: int, y: int):
        """Adds two numbers.

        Args:
            x: One number.
            y: Another.
        """
        return x + y

    return execute


@scorer(metrics=[accuracy()])
def is_pet():
    async def score(state, target):
        try:
            Kept.model_validate_json(state.output.completion)
            return Score(value="C")
        except pydantic.ValidationError as error:
            return Score(value="I", explanation=str(error))

    return score


class InspectAI(unittest.TestCase):
    def model(self, name, **config):
        return get_model(f"openai-api/neuroscope/{name}", base_url=shared().url + "/v1", api_key="none", config=GenerateConfig(
            max_tokens=200, max_retries=0, **config))

    def evaluated(self, model, **task):
        # Samples are read from the log when they are asked for.
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        (log,) = evaluate(Task(**task), model=model, log_dir=folder.name, display="none")
        self.assertEqual(log.status, "success", log.error)
        return log

    def test_an_evaluation_scores_answers(self):
        # Twice each: what is drawn greedily is the same again.
        log = self.evaluated(
            self.model("circuits-5m", temperature=0), epochs=2, solver=generate(), scorer=match(location="any"), dataset=[
                Sample(input="What is the capital of France?", target="Paris"), Sample(input="What is three plus four?", target="seven")])
        self.assertEqual(len(log.samples), 4)
        said = {}
        for sample in log.samples:
            said.setdefault(sample.id, set()).add(sample.output.completion)
            self.assertGreater(sample.output.usage.input_tokens, 5)
            self.assertIn(sample.output.stop_reason, ("stop", "max_tokens"))
        self.assertTrue(all(len(texts) == 1 for texts in said.values()), said)
        self.assertEqual(log.results.scores[0].metrics["accuracy"].value, 1)

    def test_an_evaluation_holds_answers_to_a_schema(self):
        schema = ResponseSchema(name="pet", json_schema=json_schema(Kept), strict=True)
        log = self.evaluated(
            self.model("circuits-5m", temperature=1.5, seed=3, response_schema=schema), solver=generate(), scorer=is_pet(),
            dataset=[Sample(input=f"Describe pet {n}.") for n in range(6)])
        self.assertEqual(log.results.scores[0].metrics["accuracy"].value, 1, [s.output.completion for s in log.samples])

    def test_a_tool_is_called_by_name(self):
        async def called():
            return await self.model("calls", temperature=1.2, seed=5).generate(
                "Add two numbers.", tools=[add()], tool_choice="any")

        output = asyncio.run(called())
        (call,) = output.message.tool_calls[:1]
        self.assertEqual(call.function, "add")
        self.assertIsNone(call.parse_error)
        self.assertEqual({name: type(value) for name, value in call.arguments.items()}, {"x": int, "y": int})

    def test_log_probabilities_and_several_choices(self):
        async def made():
            return await self.model("circuits-5m", temperature=0.8, seed=1, logprobs=True, top_logprobs=3, num_choices=2).generate(
                "What is the capital of France?")

        output = asyncio.run(made())
        self.assertEqual(len(output.choices), 2)
        for choice in output.choices:
            told = choice.logprobs.content
            self.assertEqual("".join(one.token for one in told), choice.message.text)
            for one in told:
                self.assertLessEqual(one.logprob, 0)
                self.assertLessEqual(len(one.top_logprobs), 4)


class LLM(unittest.TestCase):
    """The library and its command line, which know the server by a file of theirs."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        models = [{"model_id": f"ours-{name}", "model_name": name, "api_base": shared().url + "/v1", "supports_schema": True,
                   "supports_tools": True} for name in ("circuits-5m", "calls")]
        # JSON is YAML too.
        (pathlib.Path(cls.folder.name) / "extra-openai-models.yaml").write_text(json.dumps(models))
        os.environ["LLM_USER_PATH"] = cls.folder.name
        cls.addClassCleanup(os.environ.pop, "LLM_USER_PATH")

    def command(self, *arguments):
        return subprocess.run(
            [sys.executable, "-m", "llm", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True).stdout

    def test_the_library_streams_and_counts(self):
        response = llm.get_model("ours-circuits-5m").prompt("What is the capital of France?", key="none", temperature=0)
        pieces = list(response)
        self.assertGreater(len(pieces), 1)
        self.assertIn("Paris", "".join(pieces))
        self.assertGreater(response.usage().output, 1)

    def test_a_schema_is_kept(self):
        for stream in (True, False):
            for seed in range(3):
                response = llm.get_model("ours-circuits-5m").prompt(
                    "Describe a pet.", schema=Pet, stream=stream, key="none", temperature=1.5, seed=seed, max_tokens=200)
                Pet.model_validate_json(response.text())

    def test_the_command_line_keeps_a_schema(self):
        told = self.command(
            "-m", "ours-circuits-5m", "--key", "none", "--no-log", "-o", "temperature", "1.5", "-o", "max_tokens", "400",
            "--schema", json.dumps(Pet.model_json_schema()), "Describe a pet.")
        Pet.model_validate_json(told)

    def test_a_conversation_goes_on(self):
        conversation = llm.get_model("ours-circuits-5m").conversation()
        first = conversation.prompt("What is the capital of France?", key="none", temperature=0)
        self.assertIn("Paris", first.text())
        second = conversation.prompt("What is three plus four?", key="none", temperature=0)
        self.assertTrue(second.text())
        self.assertGreater(second.usage().input, first.usage().input + first.usage().output)


if __name__ == "__main__":
    unittest.main()
