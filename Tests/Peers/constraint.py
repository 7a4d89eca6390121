#!/usr/bin/env python3
"""Speed of answers that are held to a schema, an expression or a grammar, as a share of free text, in turn.

    python constraint.py MODEL [--rounds 5] [--threads 2] [--tokens 96]

Each form is one that does not end before the last token. Counted from the first token to the last, so that reading the prompt
and preparing the constraint are no part of it; what the first token of a constraint that is new costs is told beside it.
Standard library only.
"""
import http.client
import json
import subprocess
import time

from peers import Rounds, ours, parser
from streams import wait_for

PORT = 18191
PERSON = {
    "type": "object", "additionalProperties": False, "required": ["name", "age", "tags"],
    "properties": {
        "name": {"type": "string"}, "age": {"type": "integer"},
        "tags": {"type": "array", "items": {"enum": ["red", "green", "blue", "unknown"]}}}}


def schema(number):
    """A long answer; the number makes it one that the server has not seen."""
    people = {"type": "array", "minItems": 40, "items": PERSON}
    return {"type": "object", "required": [f"people{number}"], "additionalProperties": False, "properties": {f"people{number}": people}}


FORMS = {
    "free": lambda number: {},
    "schema": lambda number: {"response_format": {"type": "json_schema", "json_schema": {"name": "people", "strict": True, "schema": schema(number)}}},
    "regex": lambda number: {"guided_regex": f"x{number}( [a-z]{{2,9}}[.,]?){{100}}"},
    "choice": lambda number: {"guided_choice": [f"{number} {word} " + "and so on " * 60 for word in ("one", "two", "three")]},
}


def speed(form, number, tokens):
    """Tokens a second behind the first, and milliseconds to the first."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=600)
    body = {
        "messages": [{"role": "user", "content": f"List the people of village {number} with their ages."}],
        "max_tokens": tokens, "temperature": 1.0, "seed": number, "stream": True, "logprobs": True, **FORMS[form](number)}
    if form == "free":
        body["ignore_eos"] = True
    began = time.monotonic()
    connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
    response = connection.getresponse()
    if response.status != 200:
        raise SystemExit(f"{form}: {response.read().decode()}")
    first, last, count = None, None, 0
    for line in response:
        if not line.startswith(b"data: {"):
            continue
        for choice in json.loads(line[6:]).get("choices", []):
            entries = (choice.get("logprobs") or {}).get("content") or []
            if entries:
                last = time.monotonic()
                first = first or (last, len(entries))
                count += len(entries)
    # Tokens that end a text are in no answer, though they are computed.
    if count < tokens * 3 / 4:
        raise SystemExit(f"{form}: the answer ended behind {count} tokens")
    return (count - first[1]) / (last - first[0]), (first[0] - began) * 1000


def main():
    arguments = parser(__doc__)
    arguments.add_argument("--tokens", type=int, default=96)
    options = arguments.parse_args()
    server = subprocess.Popen(
        [str(part) for part in (ours(), "serve", "--model", options.model, "--port", PORT, "--threads", options.threads)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    rounds, number = Rounds(), 0
    try:
        wait_for(PORT)
        speed("free", 0, 8)
        for round_ in range(options.rounds):
            print(f"round {round_ + 1}")
            for form in FORMS:
                number += 1
                fast, first = speed(form, number, options.tokens)
                rounds.add(f"{form}, tokens/s", fast)
                rounds.add(f"{form}, first token of a new one ms", first)
    finally:
        server.terminate()
    rounds.table("tokens/s or ms", [(f"{form}, tokens/s", "free, tokens/s") for form in FORMS if form != "free"])


if __name__ == "__main__":
    main()
