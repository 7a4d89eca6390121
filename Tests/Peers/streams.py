#!/usr/bin/env python3
"""First token and total speed of one and four streams over HTTP, against llama-server, in turn.

    python streams.py MODEL.gguf [--their-kind Q4_0] [--rounds 5] [--threads 2] [--tokens 128]
"""
import http.client
import json
import subprocess
import threading
import time

from peers import Rounds, ours, parser, requantised, theirs

# 32 tokens of SmolLM2 with the number in front, which keeps either server from knowing the prompt already.
PROMPT = "The quick brown fox jumps over the lazy dog while seven wise owls watch from the old oak tree and sing until the dawn"


def stream(port, tokens, number, results):
    """One streamed completion: seconds to its first token, its tokens, when it began and ended."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    body = {
        "prompt": f"{number} {PROMPT}", "max_tokens": tokens, "temperature": 0, "stream": True,
        "cache_prompt": False, "ignore_eos": True, "logit_bias": {}}
    began = time.monotonic()
    connection.request("POST", "/v1/completions", json.dumps(body), {"Content-Type": "application/json"})
    first, count = None, 0
    for line in connection.getresponse():
        if not line.startswith(b"data: {"):
            continue
        choice = json.loads(line[6:])["choices"]
        if choice and choice[0].get("text"):
            first = first or time.monotonic()
            count += 1
    ended = time.monotonic()
    results.append((first - began if first else 0, count, began, ended))


def together(port, tokens, streams):
    results = []
    threads = [
        threading.Thread(target=stream, args=(port, tokens, time.time_ns() // 1000 % 9000000 + 1000000 + n, results))
        for n in range(streams)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = max(r[3] for r in results) - min(r[2] for r in results)
    return sum(r[1] for r in results) / seconds, sum(r[0] for r in results) / len(results) * 1000


def wait_for(port):
    for _ in range(600):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise SystemExit(f"no server on port {port}")


def main():
    arguments = parser(__doc__)
    arguments.add_argument("--their-kind", default="Q4_0")
    arguments.add_argument("--tokens", type=int, default=128)
    options = arguments.parse_args()
    servers = {
        "neuroscope": (18181, [ours(), "serve", "--model", options.model, "--port", 18181,
                               "--threads", options.threads]),
        "llama-server": (18182, [theirs("llama-server"), "-m", requantised(options.model, options.their_kind),
                                 "--port", 18182, "-t", options.threads, "-np", 4, "-c", 8192]),
    }
    running, rounds = [], Rounds()
    try:
        for port, command in servers.values():
            running.append(subprocess.Popen(
                [str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            wait_for(port)
            together(port, 8, 1)
        for number in range(options.rounds):
            print(f"round {number + 1}")
            for name, (port, _) in servers.items():
                for count in (1, 4):
                    speed, first = together(port, options.tokens, count)
                    rounds.add(f"{name}, {count} streams, tokens/s", speed)
                    rounds.add(f"{name}, {count} streams, first token ms", first)
    finally:
        for process in running:
            process.terminate()
    pairs = [
        (f"neuroscope, {count} streams, {what}", f"llama-server, {count} streams, {what}")
        for count in (1, 4) for what in ("tokens/s", "first token ms")]
    pairs.append(("neuroscope, 4 streams, tokens/s", "neuroscope, 1 streams, tokens/s"))
    rounds.table("tokens/s or ms", pairs)


if __name__ == "__main__":
    main()
