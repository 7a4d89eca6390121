"""A method of each client for each operation."""

import json
import keyword
import re

from .layout import docstring, filled, lower_camel, wrapped


class Method:
    """What a client needs to know of an operation: what comes first, what may follow, what is answered."""

    def __init__(self, operation, interface, facts):
        self.operation, self.summary = operation, facts.get("summary", operation.facts["summary"])
        self.javascript = facts.get("javascript")
        self.name, self.is_whole = facts.get("name", operation.name), facts.get("whole", False)
        schema = (operation.request or {}).get("schema", {})
        self.body = f"{facts['body']}.json" if "body" in facts else schema.get("$ref")
        self.path = [one for one in operation.parameters if one["in"] == "path"]
        self.query = {one["name"]: one["schema"] for one in operation.parameters if one["in"] == "query"}
        own = {} if self.body else schema.get("properties", {})
        self.members = {name: inner for name, inner in own.items() if name not in self.query}
        self.required = schema.get("required", []) if self.members else []
        optional = [name for name in {**self.query, **self.members} if name not in self.required]
        first = facts.get("first", self.required + (optional if len(optional) == 1 else []))
        self.first = {name: {**self.query, **self.members}[name] for name in first}
        self.rest = {name: {**self.query, **self.members}[name] for name in optional if name not in first}
        self.rename = facts.get("rename", {})
        self.answer = operation.success(interface) if interface else {}
        if "answers" in facts:
            self.answer = {**self.answer, "schema": {"$ref": f"{facts['answers']}.json"}}
        self.reads = facts.get("reads") or ("bytes" if self.answer.get("type") == "application/octet-stream" else "json")

    def place(self, name):
        """What a parameter of the path is called: an id by what it is the id of."""
        if name in self.rename or name != "id":
            return self.rename.get(name, name)
        before = re.search(r"(\w+)s/{id}", self.operation.path)
        return f"{before.group(1)}_id"


def methods(operations, interface):
    """All of them: most operations have one, some several, some none."""
    return [Method(one, interface, facts) for one in operations if one.client is not False
            for facts in (one.client if isinstance(one.client, list) else [one.client])]


def python_literal(value):
    return str(value) if isinstance(value, bool) else json.dumps(value)


def python_method(method, types):
    one, renamed = method.operation, {"from": "from_seq", "to": "to_seq", **method.rename}
    word = lambda name: renamed.get(name, name)

    def argument(name, schema):
        kind = types.type(schema, None)
        if kind.startswith("list["):
            kind = f"Sequence[{kind[5:]}"
        if name in method.required:
            return f"{word(name)}: {kind}"
        if "default" in schema and name in method.first:
            return f"{word(name)}: {types.union([one for one in types.split(kind) if one != 'None'])} = {python_literal(schema['default'])}"
        return f"{word(name)}: {types.union([kind, 'None'])} = None"

    arguments = ["self", *(f"{method.place(p['name'])}: str" for p in method.path)]
    arguments += [argument(name, schema) for name, schema in method.first.items()]
    if method.rest:
        arguments += ["*", *(argument(name, schema) for name, schema in method.rest.items())]
    body = None
    if method.body:
        kind = types.reference(method.body, None)
        body = kind.lower() if method.is_whole else "fields"
        arguments.append(f"{body}: {kind}" if method.is_whole else f"**{body}: Unpack[{kind}]")
    elif method.members:
        pairs = {name: word(name) for name in [*method.first, *method.rest] if name in method.members}
        plain = [f"{name}={value}" for name, value in pairs.items() if not keyword.iskeyword(name)]
        others = ", ".join(f'"{name}": {value}' for name, value in pairs.items() if keyword.iskeyword(name))
        body = f"given({', '.join(plain + ([f'**{{{others}}}'] if others else []))})"
    result, read = {"json": (None, None), "bytes": ("bytes", "bytes"), "frames": ("list[Frame]", "split_frames")}[method.reads]
    if result is None:
        result = types.type(method.answer["schema"], None)
    values = "".join(f", {method.place(p['name'])}" for p in method.path)
    path = f'path_of("{one.path}"{values})' if values else f'"{one.path}"'
    query = "{" + ", ".join(f'"{name}": {word(name)}' for name in method.query) + "}" if method.query else None
    more = [body, f"query={query}" if query else None, f"read={read}" if read else None]
    call = [f'"{one.method}"', path, *(part for part in more if part)]
    return "\n".join([
        "    @call", *filled(f"    def {method.name}(", arguments, f") -> Call[{result}]:"),
        docstring(method.summary, 8), *filled("        return Call(", call, ")")])


def javascript_method(method, types):
    """The method and its type."""
    one, name = method.operation, method.javascript or lower_camel(method.name)
    places = [p["name"] if p["name"] == "id" else lower_camel(p["name"]) for p in method.path]
    arguments, told = [*places], [f"{p}: string" for p in places]
    for member, schema in method.first.items():
        word = lower_camel(method.rename.get(member, member))
        arguments.append(word)
        told.append(f"{word}{'' if member in method.required else '?'}: {types.type(schema, None)}")
    body = "undefined"
    path = "`" + re.sub(r"{(\w+)}", lambda m: f"${{encodeURIComponent({'id' if m[1] == 'id' else lower_camel(m[1])})}}", one.path) + "`"
    path = path if places else f'"{one.path}"'
    rest = "{" + "; ".join([*(f"{lower_camel(n)}?: {types.type(s, None)}" for n, s in method.rest.items()), "signal?: AbortSignal"]) + "}"
    options = None
    if method.body:
        arguments.append("request")
        kind = types.reference(method.body, None)
        told.append(f"request{'' if one.request.get('required') else '?'}: {kind}")
        body, options = "body(request)", None if method.is_whole else "request"
    elif method.members:
        given = ", ".join(f"{n}: {lower_camel(method.rename.get(n, n))}" if n in method.rename or "_" in n else n
                          for n in method.first if n in method.members)
        body = f"body({'options' if method.rest else '{' + given + '}'}{', {' + given + '}' if method.rest and given else ''})"
    if method.rest:
        arguments.append("options")
        told.append(f"options?: {rest}")
        options = "options"
    query = "{" + ", ".join(method.query) + "}" if method.query else None
    if query and method.rest:
        arguments[-1] = "{" + ", ".join([*method.query, "signal"]) + "} = {}"
        options = f"{{query: {query}, signal}}"
    elif query:
        options = f"{{query: {query}}}"
    tail = [body, options] if options else [] if body == "undefined" else [body]
    head = f"  {name}({', '.join(arguments)}) {{ "
    if method.reads == "json":
        line = head + f"return this.#json({', '.join([json.dumps(one.method), path, *tail])}); }}"
        result = types.type(method.answer["schema"], None)
    else:
        asked = f"this.request({', '.join([json.dumps(one.method), path, *([options] if options else [])])})"
        whole = f"await bytesOf(await {asked})"
        result, value = ("Frame[]", f"splitFrames({whole})") if method.reads == "frames" else ("Uint8Array", whole)
        line = f"  async {head.strip()} return {value}; }}"
    if len(line) > 120:
        before, after = line.split(" { return ", 1)
        line = f"{before} {{\n    return {after.removesuffix(' }')}\n  }}"
    about = wrapped(method.summary, 2)
    return "\n".join([*about, line]), "\n".join([*about, *filled(f"  {name}(", told, f"): Promise<{result}>;", 2)])
