"""Schemas made by chance, of what clients send: nested objects, lists, choices, bounds, references."""

import random

WORDS = ["name", "age", "the \"title\"", "über", "a/b", "id", "tags", "x-1"]


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def chance(self, share):
        return self.random.random() < share

    def schema(self):
        made = self.object(0)
        if self.chance(0.2):
            made["$defs"] = {"part": self.any(2)}
            made["properties"]["part"] = {"$ref": "#/$defs/part"}
            made.setdefault("required", []).append("part")
        return made

    def any(self, depth):
        kinds = [self.text, self.number, self.literal, lambda: {"type": "boolean"}, lambda: {"type": ["null", "integer"]}]
        if depth < 3:
            kinds += [lambda: self.object(depth + 1), lambda: self.list(depth + 1), lambda: self.choice(depth + 1)]
        return self.random.choice(kinds)()

    def text(self):
        made = {"type": "string", "maxLength": self.random.randint(1, 12)}
        if self.chance(0.3):
            made["minLength"] = self.random.randint(0, made["maxLength"])
        if self.chance(0.3):
            made = {"type": "string", "pattern": self.random.choice(
                [r"^[a-z]{2,5}$", r"^\d{3}-\d{2}$", r"^(x|yy){1,3}$", r"^[^a-z]{1,3}$", r"^\w+$"]), "maxLength": 8}
        if self.chance(0.2):
            made = {"type": "string", "format": self.random.choice(["date", "date-time", "uuid", "ipv4", "email", "time"])}
        return made

    def number(self):
        made = {"type": self.random.choice(["integer", "number"])}
        low = self.random.randint(-5000, 5000) / self.random.choice([1, 4, 10, 1000])
        if self.chance(0.6):
            made[self.random.choice(["minimum", "exclusiveMinimum"])] = low
        if self.chance(0.6):
            made[self.random.choice(["maximum", "exclusiveMaximum"])] = low + self.random.randint(2, 9000) / self.random.choice([1, 3])
        if made["type"] == "integer" and self.chance(0.2):
            made["multipleOf"] = 1
        return made

    def literal(self):
        values = ["red", "a\"b", "\\", "é\n", "", 1, -2.5, None, True, {"a": [1, "😀"]}]
        return {"const": self.random.choice(values)} if self.chance(0.3) else {
            "enum": self.random.sample(values, self.random.randint(1, 5))}

    def list(self, depth):
        made = {"type": "array", "items": self.any(depth), "maxItems": self.random.randint(1, 3)}
        if self.chance(0.4):
            made["minItems"] = self.random.randint(0, made["maxItems"])
        if self.chance(0.2):
            made["prefixItems"] = [self.any(depth)]
        return made

    def choice(self, depth):
        if self.chance(0.3):
            return {"oneOf": [
                {"type": "object", "properties": {"kind": {"const": kind}, "value": self.any(depth + 1)},
                 "required": ["kind"], "additionalProperties": False} for kind in "ab"]}
        return {"anyOf": [self.any(depth) for _ in range(self.random.randint(1, 3))]}

    def object(self, depth):
        names = self.random.sample(WORDS, self.random.randint(1, 3))
        made = {"type": "object", "properties": {name: self.any(depth) for name in names}}
        needed = [name for name in names if self.chance(0.6)]
        if needed:
            made["required"] = needed
        if self.chance(0.5):
            made["additionalProperties"] = False
        elif self.chance(0.2):
            made["allOf"] = [{"required": [names[0]]}]
        return made
