"""Types of the messages in the languages of the clients."""

import json
import re
import textwrap

from .layout import docstring, wrapped
from .source import camel

# What the clients call a message, where that is not the name of its file.
TYPES = {
    "fork_request.json": "ForkChanges", "sweep_request.json": "Sweep", "model.json": "ModelFacts",
    "models.json#/$defs/entry": "ModelEntry", "hook_points.json#/$defs/point": "HookPoint",
    "hook_points.json#/$defs/component": "ComponentFacts", "analyses.json#/$defs/analysis": "AnalysisFacts",
    "scenarios.json#/$defs/configuration": "HookConfiguration",
    "graph.json": "AttributionGraph", "graph.json#/$defs/metadata": "GraphMetadata", "graph.json#/$defs/node": "GraphNode",
    "graph.json#/$defs/link": "GraphLink", "graph_check.json#/$defs/point": "CircuitPoint",
    "path_request.json#/$defs/sender": "PathSender", "path_request.json#/$defs/receiver": "PathReceiver",
    "weights_request.json": "WeightsRequest", "weights_result.json": "WeightsResult",
    "weights_result.json#/$defs/place": "WeightPlace", "weights_result.json#/$defs/head": "WeightHead",
    "weights_result.json#/$defs/ov": "OVCircuit", "weights_result.json#/$defs/qk": "QKCircuit",
    "weights_result.json#/$defs/token": "WeightToken", "weights_result.json#/$defs/composition": "HeadComposition",
    "heads.json": "HeadNames", "heads.json#/$defs/scores": "HeadKindScores", "heads.json#/$defs/named": "NamedHead",
    "heads.json#/$defs/test": "HeadTest", "heads.json#/$defs/kind": "HeadKind",
    "response.json#/$defs/item": "ResponseItem", "response_request.json#/$defs/item": "InputItem",
    "response.json#/$defs/part": "ResponsePart", "scores.json#/$defs/score": "TokenScore", "scores.json#/$defs/token": "ScoredToken",
}


class Language:
    """How one language writes types; `names` are the messages it needs, in the order they must stand in."""

    def __init__(self, schemas, options):
        self.schemas, self.options = schemas, options
        self.names, self.opened = {}, []

    def name(self, reference):
        file, _, fragment = reference.partition("#")
        plain = fragment.rpartition("/")[2] or file.removesuffix(".json")
        return TYPES.get(reference) or "".join(word.capitalize() for word in re.split(r"[_.]", plain))

    def reference(self, reference, file):
        """A message's type: by name where it is an object with members, otherwise written out."""
        full, file, schema = self.schemas.find(reference, file)
        if schema.get("type") != "object" or not (schema.get("properties") or schema.get("allOf")):
            if full in self.opened:  # Arrays of arrays, however deep.
                return self.anything
            self.opened.append(full)
            found = self.type(schema, file)
            self.opened.pop()
            return found
        if full not in self.names:
            if self.name(full) in map(self.name, self.names):
                raise SystemExit(f"{full} is called {self.name(full)} as another message is; give it a name in TYPES")
            self.names[full] = None
            self.names[full] = self.declaration(self.name(full), schema, file, full)
            self.names[full] = self.names.pop(full)  # Behind what it refers to.
        return self.name(full)

    def type(self, schema, file):
        if "$ref" in schema:
            return self.reference(schema["$ref"], file)
        if "const" in schema:
            return self.literals([schema["const"]])
        if "enum" in schema:
            return self.literals(schema["enum"])
        if "anyOf" in schema:
            return self.union([self.type(one, file) for one in schema["anyOf"]])
        kinds = schema.get("type", [])
        parts = [self.plain(kind, schema, file) for kind in ([kinds] if isinstance(kinds, str) else kinds)]
        return self.union(parts) if parts else self.anything

    def union(self, parts):
        flat = dict.fromkeys(part for one in parts for part in self.split(one))
        null = self.plain("null", {}, None)
        return " | ".join([part for part in flat if part != null] + ([null] if null in flat else []))

    def split(self, text):
        """The members of a union, without cutting what is in brackets."""
        parts, depth, start = [], 0, 0
        for place, letter in enumerate(text):
            depth += (letter in "[{(") - (letter in "]})")
            if letter == "|" and depth == 0:
                parts.append(text[start:place].strip())
                start = place + 1
        return [*parts, text[start:].strip()]


class Python(Language):
    anything = "Any"

    def literals(self, values):
        named = [json.dumps(value) for value in values if value is not None]
        named = {"true": "True", "false": "False"}.get(named[0], ", ".join(named)) if len(named) == 1 else ", ".join(named)
        return f"Literal[{named}]" + (" | None" if None in values else "")

    def plain(self, kind, schema, file):
        if kind == "array":
            return f"list[{self.type(schema['items'], file) if 'items' in schema else 'Any'}]"
        return {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None", "object": "JSON"}[kind]

    def declaration(self, name, schema, file, _):
        bases = [self.reference(part["$ref"], file) for part in schema.get("allOf", [])]
        required = schema.get("required", [])
        rows = []
        for member, inner in schema.get("properties", {}).items():
            kind = self.type(inner, file)
            row = f"    {member}: {kind if member in required else f'NotRequired[{kind}]'}"
            is_open = len(self.split(kind)) == 1 or member not in required
            rows += textwrap.wrap(row, 118, subsequent_indent="        ") if is_open else [row]
        about = [docstring(schema["description"], 4), ""] if "description" in schema else []
        return "\n".join([f"class {name}({', '.join(bases) or 'TypedDict'}):", *about, *rows, ""])


class TypeScript(Language):
    anything = "unknown"

    def type(self, schema, file):
        """What adds to a message is met with it."""
        if "$ref" not in schema or not (schema.get("properties") or schema.get("required")):
            return super().type(schema, file)
        base = self.schemas.find(schema["$ref"], file)[2].get("properties", {})
        demanded = {name: {**base[name], "type": base[name]["type"][0]} for name in schema.get("required", []) if name in base}
        members = {"required": schema.get("required", []), "properties": {**demanded, **schema.get("properties", {})}}
        return f"{self.reference(schema['$ref'], file)} & {self.members(members, file)}"

    def literals(self, values):
        return " | ".join(json.dumps(value) for value in values)

    def plain(self, kind, schema, file):
        if kind == "array":
            item = self.type(schema["items"], file) if "items" in schema else "unknown"
            return f"({item})[]" if len(self.split(item)) > 1 or "&" in item else f"{item}[]"
        if kind == "object":
            return self.members(schema, file) if schema.get("properties") else "JSONObject"
        return {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}[kind]

    def members(self, schema, file):
        required = schema.get("required", [])
        return "{" + "; ".join(
            f"{name}{'' if name in required else '?'}: {self.type(inner, file)}" for name, inner in schema["properties"].items()) + "}"

    def name(self, reference):
        return "SamplingOptions" if reference == "sampling.json" else super().name(reference)

    def declaration(self, name, schema, file, full):
        """Of a request's body the members are options of the client, so they are in its spelling."""
        is_options = full in self.options
        bases = [self.reference(part["$ref"], file) for part in schema.get("allOf", [])]
        required = schema.get("required", [])
        rows = wrapped(schema["description"], 0) if "description" in schema else []
        rows.append(f"export interface {name}{f' extends {chr(44).join(bases)}' if bases else ''} {{")
        for member, inner in schema.get("properties", {}).items():
            if about := inner.get("description"):
                rows += wrapped(about, 2)
            kind = self.type(inner, file)
            rows.append(f"  {camel(member) if is_options else member}{'' if member in required else '?'}: {kind};")
        rows += ["  signal?: AbortSignal;"] if is_options and not bases else []
        return "\n".join([*rows, "}"])
