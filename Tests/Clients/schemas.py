"""Holds answers to the written interface: Protocol/openapi.json as the server gives it, and Protocol/schemas/.

The schemas let readers ignore members they do not know. Here nothing may be unknown: every member that the server
sends has to be described.
"""

import json
import pathlib
import re

import jsonschema_rs

PROTOCOL = pathlib.Path(__file__).parents[2] / "Protocol"
# Where a schema applies to another place of the instance than the schema around it.
INNER = ("items", "contains", "additionalProperties", "unevaluatedProperties")
INNER_MAPS = ("properties", "patternProperties")
SAME_LISTS = ("allOf", "anyOf", "oneOf")
SAME_MAPS = ("$defs",)
SAME = ("not", "if", "then", "else")


def strict(schema, begins=True):
    """The same schema without room for undescribed members.

    `begins`: whether a place of the instance begins here; what only adds to such a schema (`allOf`, `$defs`) stays
    open, because the rest of the members is described beside it.
    """
    if not isinstance(schema, dict):
        return schema
    made = dict(schema)
    for key, value in schema.items():
        if key in INNER:
            made[key] = strict(value)
        elif key == "prefixItems":
            made[key] = [strict(part) for part in value]
        elif key in INNER_MAPS:
            made[key] = {name: strict(part) for name, part in value.items()}
        elif key in SAME_LISTS:
            made[key] = [strict(part, False) for part in value]
        elif key in SAME_MAPS:
            made[key] = {name: strict(part, False) for name, part in value.items()}
        elif key in SAME:
            made[key] = strict(value, False)
    describes = {"properties", "$ref", "allOf", "anyOf", "oneOf"} & schema.keys()
    if begins and describes and "additionalProperties" not in schema:
        made["unevaluatedProperties"] = False
    return made


class Messages:
    """The messages of Protocol/schemas/ by the name of their file."""

    def __init__(self):
        self.schemas = {file.stem: json.loads(file.read_text()) for file in sorted(PROTOCOL.glob("schemas/*.json"))}
        registry = jsonschema_rs.Registry(
            [(f"json-schema:///{name}.json", strict(schema, False)) for name, schema in self.schemas.items()],
            draft=jsonschema_rs.Draft202012)
        self.validators = {
            name: jsonschema_rs.Draft202012Validator(
                {"$id": f"json-schema:///strict/{name}.json", **strict({"$ref": f"json-schema:///{name}.json"})},
                registry=registry, validate_formats=True)
            for name in self.schemas}

    def problems(self, name, message):
        """What is wrong with a message, in sentences."""
        return [f"{name} at {'/'.join(map(str, error.instance_path))}: {error.message[:300]}"
                for error in self.validators[name].iter_errors(message)]


class Interface:
    """The document that the server gives, to find what an operation may answer."""

    def __init__(self, document):
        self.document = document
        self.operations = []
        for path, item in document["paths"].items():
            pattern = re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)) + "$")
            for method, operation in item.items():
                if method != "parameters":
                    # A literal path goes before one with parameters.
                    self.operations.append((path.count("{"), method.upper(), pattern, operation))
        self.operations.sort(key=lambda entry: entry[0])
        self.validators = {}

    def operation(self, method, path):
        path = path.split("?")[0]
        for _, verb, pattern, operation in self.operations:
            if verb == method and pattern.match(path):
                return operation
        raise AssertionError(f"{method} {path} is not described")

    def resolve(self, value):
        if "$ref" in value:
            place = self.document
            for name in value["$ref"][2:].split("/"):
                place = place[name]
            return place
        return value

    def problems(self, method, path, status, content_type, body):
        """What an answer has that is not described; each a sentence."""
        operation = self.operation(method, path)
        name = operation["operationId"]
        responses = operation["responses"]
        if str(status) not in responses:
            return [f"{name}: status {status} is not described"]
        content = self.resolve(responses[str(status)]).get("content", {})
        if not content and not body:
            return []
        if content_type not in content:
            return [f"{name}: content type {content_type} is not described for {status}"]
        if content_type != "application/json":
            return []
        return [f"{name} {status}, {problem}" for problem in self.check(content[content_type]["schema"], body)]

    def check(self, schema, body):
        key = json.dumps(schema, sort_keys=True)
        if key not in self.validators:
            parts = {name: strict(part, False) for name, part in self.document["components"]["schemas"].items()}
            self.validators[key] = jsonschema_rs.Draft202012Validator(
                {**strict(schema), "components": {"schemas": parts}})
        return [f"{'/'.join(map(str, error.instance_path))}: {error.message[:300]}"
                for error in self.validators[key].iter_errors(json.loads(body))]
