"""Renders published chat templates over conversations written here, as transformers renders them.

    python make_published_template_cases.py FOLDER... --out REFS/templates

The folders hold `*.jinja`: the source distribution of llama-cpp-python carries some seventy of llama.cpp's
(`pip download --no-deps --no-binary llama-cpp-python llama-cpp-python`, then `vendor/llama.cpp/models/templates`), the package
axolotl some more (`axolotl/utils/chat_templates/templates`). Templates are data to fetch, never to commit. Written is one JSON file with the templates, the variables and what became of each: the text,
or why transformers refused.
"""
import argparse
import datetime
import json
import pathlib

import jinja2
from transformers.utils import chat_template_utils

TIME = datetime.datetime(2026, 3, 7, 12, 0, 0, tzinfo=datetime.timezone.utc)

TOOLS = [
    {"type": "function", "function": {
        "name": "get_weather", "description": "Today's weather in a <city>.",
        "parameters": {"type": "object", "properties": {
            "city": {"type": "string", "description": "The city, e.g. \"Köln\""},
            "unit": {"type": "string", "enum": ["c", "f"]},
            "days": {"type": "integer", "default": 1}}, "required": ["city"]}}},
    {"type": "function", "function": {
        "name": "now", "description": "The time.", "parameters": {"type": "object", "properties": {}}}},
]


def call(arguments):
    return {"role": "assistant", "content": "", "tool_calls": [
        {"id": "call00001", "type": "function", "function": {"name": "get_weather", "arguments": arguments}}]}


RESULT = {"role": "tool", "tool_call_id": "call00001", "name": "get_weather", "content": "{\"sky\": \"grey\"}"}
SYSTEM = {"role": "system", "content": "Be brief & kind."}
ASK = {"role": "user", "content": "How is it <in> Köln?"}
ANSWER = {"role": "assistant", "content": "Grey."}

COMMON = {"tools": None, "documents": None, "add_generation_prompt": True, "bos_token": "<s>", "eos_token": "</s>"}

CONVERSATIONS = {
    "plain": {"messages": [ASK]},
    "system": {"messages": [SYSTEM, ASK]},
    "turns": {"messages": [SYSTEM, ASK, ANSWER, {"role": "user", "content": " Why?\n"}]},
    "tools": {"messages": [SYSTEM, ASK], "tools": TOOLS},
    "call": {"messages": [ASK, call({"city": "Köln", "days": 2})], "tools": TOOLS, "add_generation_prompt": False},
    "result": {"messages": [SYSTEM, ASK, call({"city": "Köln"}), RESULT], "tools": TOOLS},
    "answered": {"messages": [ASK, call({"city": "Köln"}), RESULT, ANSWER, {"role": "user", "content": "Thanks"}],
                 "tools": TOOLS},
    "thinking": {"messages": [ASK, {"role": "assistant", "content": "Grey.", "reasoning_content": "Clouds."},
                              {"role": "user", "content": "Sure?"}], "enable_thinking": True},
    "thought": {"messages": [ASK, {"role": "assistant", "content": "<think>\nClouds.\n</think>\n\nGrey."},
                             {"role": "user", "content": "Sure?"}], "enable_thinking": False},
    "parts": {"messages": [SYSTEM, {"role": "user", "content": [
        {"type": "text", "text": "How is it"}, {"type": "text", "text": " there?"}]}]},
    "continued": {"messages": [ASK, {"role": "assistant", "content": "It is"}], "add_generation_prompt": False},
}


def render(template, variables):
    """What `apply_chat_template` gives: transformers' own environment, at a fixed time."""
    compiled = chat_template_utils._compile_jinja_template(template)
    try:
        return {"expected": compiled.render(strftime_now=TIME.strftime, **variables)}
    except jinja2.exceptions.TemplateError as error:
        return {"raised": str(error)}
    except Exception as error:  # what a template does with values is anything that Python raises
        return {"failed": f"{type(error).__name__}: {error}"}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=pathlib.Path, nargs="+")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    options = parser.parse_args()
    cases = []
    for path in sorted(path for folder in options.folders for path in folder.glob("*.jinja")):
        template = path.read_text(encoding="utf-8")
        answers = {}
        for name, given in CONVERSATIONS.items():
            answers[name] = render(template, COMMON | given)
        cases.append({"name": path.stem, "template": template, "answers": answers})
    if not cases:
        parser.error(f"no *.jinja in {options.folders}")
    options.out.mkdir(parents=True, exist_ok=True)
    variables = {name: COMMON | given for name, given in CONVERSATIONS.items()}
    file = {"time": int(TIME.timestamp()), "conversations": variables, "templates": cases}
    (options.out / "published_template_cases.json").write_text(
        json.dumps(file, ensure_ascii=False, indent=1), encoding="utf-8")
    print(len(cases), "templates,", len(cases) * len(CONVERSATIONS), "renderings")


if __name__ == "__main__":
    main()
