"""Whatever is drawn fits the schema, as the `jsonschema` package finds: of schemas made by chance, and of the public test suite."""

import concurrent.futures
import functools
import json
import os
import pathlib
import tarfile
import unittest

import jsonschema

from schemas_made import Maker
from structured import Server, shared

SUITE = pathlib.Path(os.environ.get("NEUROSCOPE_SCHEMA_SUITE", ""))
#: Another model than the bundled one, by its path: slower, so by hand.
MODEL = os.environ.get("NEUROSCOPE_SCHEMA_MODEL", "")


@functools.cache
def server():
    """The server, and the model that is asked."""
    if not MODEL:
        return shared(), "circuits-5m"
    server = Server("--models-dir", str(pathlib.Path(MODEL).resolve().parent))
    return server, server.json("POST", "/v1/models/load", {"model_path": str(pathlib.Path(MODEL).resolve())})["model_id"]


class SchemasHeld(unittest.TestCase):
    def setUp(self):
        self.server, self.model = server()

    def ask(self, schema, **more):
        status, _, data = self.server.call("POST", "/v1/completions", {
            "model": self.model, "prompt": "An object:", "json_schema": schema, "max_tokens": 380, "top_p": 1, "seed": 5, **more})
        return status, json.loads(data)

    def check(self, schema, temperature):
        """Whether the answer came to its end; fails where it came to one that does not fit."""
        status, answer = self.ask(schema, temperature=temperature)
        self.assertEqual(status, 200, (answer, schema))
        choice = answer["choices"][0]
        if choice["finish_reason"] != "stop":
            return False
        value = json.loads(choice["text"])
        jsonschema.Draft202012Validator(
            schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER).validate(value)
        return True

    def test_of_300_schemas_every_answer_fits(self):
        schemas = [Maker(seed).schema() for seed in range(300)]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for temperature in (0, 1.5):
                ended = list(pool.map(lambda schema: self.check(schema, temperature), schemas))
                print(f"\n{self.model} at temperature {temperature}: {sum(ended)} of 300 ended, each fits its schema")
                self.assertGreater(sum(ended), 270, f"at {temperature}")

    @unittest.skipUnless(SUITE.name, "NEUROSCOPE_SCHEMA_SUITE names the sources of jsonschema, which carry the suite")
    def test_the_public_suite_is_held_to_or_refused_by_its_path(self):
        held, refused = 0, 0
        with tarfile.open(SUITE) as archive:
            names = [name for name in archive.getnames()
                     if "/json/tests/draft2020-12/" in name and "/optional/" not in name and name.endswith(".json")]
            self.assertGreater(len(names), 40)
            cases = [case for name in sorted(names) for case in json.load(archive.extractfile(name))]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda case: self.ask(case["schema"], temperature=1.5, max_tokens=80), cases))
        for case, (status, answer) in zip(cases, answers, strict=True):
            with self.subTest(case["description"]):
                if status != 200:
                    self.assertEqual(status, 400, answer)
                    self.assertTrue(answer["details"]["field"].startswith("json_schema"), answer)
                    refused += 1
                    continue
                if answer["choices"][0]["finish_reason"] != "stop":
                    continue
                value = json.loads(answer["choices"][0]["text"])
                jsonschema.Draft202012Validator(case["schema"]).validate(value)
                held += 1
        print(f"\n{len(cases)} schemas of the suite: {held} held to, {refused} refused")
        self.assertGreater(held, 100)


if __name__ == "__main__":
    unittest.main()
