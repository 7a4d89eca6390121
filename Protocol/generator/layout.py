"""How what is generated is laid out: as one would write it by hand."""

import json
import textwrap


def laid_out(value, depth=0, lead=0):
    """JSON as it is written here by hand: what fits stays on one line. `lead` is what stands before it on its line."""
    flat = spaced(value)
    if not isinstance(value, (dict, list)) or not value or depth + lead + len(flat) < 120:
        return flat
    pad, close = " " * (depth + 2), "\n" + " " * depth
    if isinstance(value, list):
        return "[\n" + ",\n".join(pad + laid_out(one, depth + 2) for one in value) + close + "]"
    rows = [f"{pad}{json.dumps(key)}: {laid_out(inner, depth + 2, len(key) + 4)}" for key, inner in value.items()]
    return "{\n" + ",\n".join(rows) + close + "}"


def spaced(value):
    if isinstance(value, dict) and value:
        return "{ " + ", ".join(f"{json.dumps(key)}: {spaced(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(spaced, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
def wrapped(text, indent):
    """A comment of JavaScript, over several lines where it is long."""
    pad = " " * indent
    if len(text) + indent <= 110:
        return [f"{pad}/** {text} */"]
    rows = textwrap.wrap(text, 114, initial_indent=pad + "/** ", subsequent_indent=pad + " * ")
    return [*rows[:-1], rows[-1] + " */"]


def docstring(text, indent):
    """One line, or the first sentence and below it the others."""
    pad = " " * indent
    if len(text) <= 110 - indent:
        return f'{pad}"""{text}"""'
    first, _, rest = text.partition(". ")
    rows = textwrap.wrap(first + ("." if rest else ""), 112 - indent) + ([""] + textwrap.wrap(rest, 116 - indent) if rest else [])
    return f'{pad}"""{rows[0]}\n' + "\n".join((pad + row).rstrip() for row in rows[1:]) + f'\n{pad}"""'


def filled(head, parts, tail, step=4):
    """A line, or its parts below it where it would be too long."""
    line = head + ", ".join(parts) + tail
    if len(line) <= 118:
        return [line]
    pad = " " * (len(head) - len(head.lstrip()))
    rows = [pad + " " * (step - 1)]
    for part in parts:
        if len(rows[-1]) + len(part) > 116 and rows[-1].strip():
            rows.append(pad + " " * (step - 1))
        rows[-1] += f" {part},"
    return [head, *rows, pad + tail]


def lower_camel(name):
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
