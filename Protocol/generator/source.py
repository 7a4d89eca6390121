"""What is written by hand: operations, schemas, and interface.json."""

import json
import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parents[1]
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def load(path):
    try:
        return json.loads((HERE / path).read_text())
    except ValueError as error:
        raise SystemExit(f"Protocol/{path}: {error}")


def camel(name):
    """`list_models` as OpenAPI and JavaScript write it; API stays in capitals."""
    first, *rest = name.split("_")
    return first + "".join("API" if word == "api" else word.capitalize() for word in rest)


class Operation:
    """One file of operations/, with the shared parts that it names filled in."""

    def __init__(self, file, interface):
        self.facts = load(f"operations/{file.name}")
        known = {"method", "path", "group", "scope", "summary", "description", "parameters", "request", "examples", "answers",
                 "streams", "errors", "client"}
        if unknown := self.facts.keys() - known:
            raise SystemExit(f"Protocol/operations/{file.name}: unknown members {sorted(unknown)}")
        self.name, self.id = file.stem, camel(file.stem)
        self.method, self.path, self.group = (self.facts[key] for key in ("method", "path", "group"))
        # What says nothing is for administrators alone, as in the server.
        self.scope = self.facts.get("scope", "admin")
        if self.scope not in interface["scopes"]:
            raise SystemExit(f"Protocol/operations/{file.name}: unknown scope {self.scope}")
        shared = interface["parameters"]
        self.parameters = [shared[one] if isinstance(one, str) else one for one in self.facts.get("parameters", [])]
        self.request = self.facts.get("request")
        self.client = self.facts.get("client", {})
        placed = {one["name"] for one in self.parameters if one["in"] == "path"}
        if placed != set(re.findall(r"{(\w+)}", self.path)):
            raise SystemExit(f"Protocol/operations/{file.name}: the path's parameters are {sorted(placed)}")
        self.order = (interface["groups"].index(self.group), self.path, METHODS.index(self.method))

    def success(self, interface):
        """The answer when all is well."""
        answer = next(value for status, value in self.facts["answers"].items() if status < "300")
        return interface["answers"][answer] if isinstance(answer, str) else answer


class Schemas:
    """The messages, and what refers to what."""

    def __init__(self):
        self.files = {file.name: load(f"schemas/{file.name}") for file in sorted((HERE / "schemas").glob("*.json"))}

    def find(self, reference, file):
        """What a reference within a file leads to: its full name and the schema."""
        name, _, fragment = reference.partition("#")
        file = name or file
        if file not in self.files:
            raise SystemExit(f"Protocol/schemas/{file} is referred to and is not there")
        schema = self.files[file]
        for part in filter(None, fragment.split("/")):
            schema = schema[part]
        return (f"{file}#{fragment}" if fragment else file), file, schema
