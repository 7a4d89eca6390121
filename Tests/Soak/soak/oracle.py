"""Honest clients beside the attackers: one asks for /health, one runs the same few runs again and again.

Each is a process of its own at an address of its own, and tells what it sees as (kind, moment, value):

    health      seconds until the answer
    unhealthy   what was wrong with it
    gap         seconds between two tokens of a run
    start       seconds until a run's first token
    run         what was wrong with a run that came to its end; nothing if it was as it is alone

A moment is the monotonic clock's, which all processes share: of a gap when it began, of a run when it ended.
"""

import hashlib
import http.client
import json
import multiprocessing
import struct
import threading
import time

from .wire import Client

HEALTH_SOURCE, RUNS_SOURCE = "127.0.0.2", "127.0.0.3"
FRAME = struct.Struct("<4sBBHBBHIQIIIiQQIHBB")


class Wrong(Exception):
    """A run that is not what it is alone."""


class Oracle:
    """Both clients and what they have seen so far."""

    def __init__(self, address, model, layers, interval):
        self.interval, self.events = interval, []
        self.queue, self.over = multiprocessing.Queue(), multiprocessing.Event()
        works = [(watch_health, (address, interval)), (repeat_runs, (address, model, layers))]
        self.workers = [
            multiprocessing.Process(target=work, args=(*arguments, self.queue.put, self.over), daemon=True)
            for work, arguments in works
        ]
        for worker in self.workers:
            worker.start()
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            self.events.append(self.queue.get())

    def runs_since(self, moment):
        return sum(1 for kind, when, _ in list(self.events) if kind == "run" and when > moment)

    def stop(self):
        self.over.set()
        for worker in self.workers:
            worker.join(70)
            worker.kill()
        time.sleep(0.2)


# ---- Health


def watch_health(address, interval, tell, over):
    """Asks at a steady rate, by turns on a connection that stays and on a new one."""
    client, line, turn = Client(address, HEALTH_SOURCE), None, 0
    while not over.is_set():
        began = time.monotonic()
        turn += 1
        try:
            if line is None or turn % 2:
                if line:
                    line.close()
                line = client.line(30)
            line.request("GET", "/health")
            answer = line.getresponse()
            text = answer.read()
            if answer.status != 200:
                tell(("unhealthy", began, "%d %r" % (answer.status, text[:100])))
        except (OSError, http.client.HTTPException) as error:
            line = None
            if not over.is_set():
                tell(("unhealthy", began, repr(error)))
        took = time.monotonic() - began
        tell(("health", began, took))
        time.sleep(max(0, interval - took))


# ---- Runs


def repeat_runs(address, model, layers, tell, over):
    """The three kinds of runs by turns; what the first of each gave is what all must give."""
    honest = Honest(Client(address, RUNS_SOURCE), model, layers, tell)
    kinds, alone, turn = [honest.recorded, honest.chat, honest.completion], {}, 0
    while not over.is_set():
        kind = kinds[turn % len(kinds)]
        turn += 1
        try:
            seen, fault = kind(), ""
            differing = [name for name in seen if seen[name] != alone.setdefault(kind, seen)[name]]
            if differing:
                fault = "%s: %s differ from what they are alone" % (kind.__name__, " and ".join(differing))
        except (OSError, http.client.HTTPException, ValueError, KeyError, Wrong) as error:
            fault = "%s: %s" % (kind.__name__, str(error) or repr(error))
            time.sleep(0.1)
        if not over.is_set():
            tell(("run", time.monotonic(), fault))


class Honest:
    """Somebody who runs the same prompts at all doors and notes when each token comes."""

    def __init__(self, client, model, layers, tell):
        self.client, self.tell = client, tell
        self.model = model
        places = [0, layers // 2, layers - 1]
        self.hooks = [{"layer_name": "transformer.h.%d" % layer, "component": "residual"} for layer in places]
        self.hooks.append({"layer_name": "transformer.h.%d" % (layers // 3), "component": "mlp"})
        self.order = {"model": model, "max_tokens": 40, "temperature": 0.8, "top_p": 0.95, "seed": 20, "ignore_eos": True}

    def tokens(self, began, moments):
        """Passes on what is given, noting when it came."""
        last = None
        for moment, item in moments:
            if last is None:
                self.tell(("start", began, moment - began))
            else:
                self.tell(("gap", last, moment - last))
            last = moment
            yield item

    def recorded(self):
        """A recorded run with hooks: its tokens, its tensors, and that its recording verifies."""
        body = {**self.order, "prompt": "Once upon a time there was", "record": True, "detach": True,
                "activation_hooks": self.hooks, "frames": {"dtype": "f32", "codec": "raw"}}
        began = time.monotonic()
        run = self.asked("POST", "/v1/runs", body)
        tokens = list(self.tokens(began, self.events(run["run_id"])))
        status, frames = self.client.ask("GET", "/v1/runs/%s/frames" % run["run_id"])
        if status != 200:
            raise Wrong("frames: %d %r" % (status, frames[:100]))
        recording = "/v1/recordings/" + run["recording_id"]
        verified = self.asked("POST", recording + "/verify")
        if not verified["ok"] or not verified["complete"]:
            raise Wrong("its recording does not verify: %r" % verified)
        self.asked("DELETE", recording)
        return {"tokens": tokens, "tensors": tensors(frames)}

    def events(self, run):
        """The tokens of a run's event stream, which must be whole."""
        line = self.client.line(60)
        try:
            line.request("GET", "/v1/runs/%s/events?tensors=none&policy=lossless" % run)
            answer = line.getresponse()
            if answer.status != 200:
                raise Wrong("events: %d %r" % (answer.status, answer.read(200)))
            next_number, kind = 0, None
            for text in answer:
                if text.startswith(b"data: "):
                    event = json.loads(text[6:])
                    kind = event["type"]
                    if event["seq"] != next_number or kind in ("gap", "error", "recording.stopped"):
                        raise Wrong("event %d should be number %d: %r" % (event["seq"], next_number, text[:200]))
                    next_number += 1
                    if kind == "token":
                        yield time.monotonic(), (event["token_id"], event["logprob"])
            if kind != "run.finished":
                raise Wrong("the stream ends with %s" % kind)
        finally:
            line.close()

    def chat(self):
        """A chat over an event stream."""
        body = {**self.order, "stream": True, "messages": [{"role": "user", "content": "What is three plus four?"}]}
        return {"text": "".join(self.tokens(time.monotonic(), self.chunks(body)))}

    def chunks(self, body):
        line = self.client.line(60)
        try:
            line.request("POST", "/v1/chat/completions", json.dumps(body))
            answer = line.getresponse()
            if answer.status != 200:
                raise Wrong("%d %r" % (answer.status, answer.read(200)))
            done = False
            for text in answer:
                done = done or text.startswith(b"data: [DONE]")
                if text.startswith(b"data: {"):
                    chunk = json.loads(text[6:])
                    if "error" in chunk:
                        raise Wrong(repr(chunk))
                    content = chunk["choices"] and chunk["choices"][0]["delta"].get("content")
                    if content:
                        yield time.monotonic(), content
            if not done:
                raise Wrong("the stream is cut")
        finally:
            line.close()

    def completion(self):
        """A completion in one answer."""
        answer = self.asked("POST", "/v1/completions", {**self.order, "prompt": "The capital of France is"})
        return {"text": answer["choices"][0]["text"], "usage": answer["usage"]}

    def asked(self, method, path, body=None):
        status, answer = self.client.json(method, path, body)
        if status >= 300:
            raise Wrong("%s %s: %d %r" % (method, path.split("/rec_")[0], status, str(answer)[:200]))
        return answer


def tensors(frames):
    """A digest of each pass's tensor of each hook, however many pieces its prompt was computed in."""
    pieces, start = {}, 0
    while start < len(frames):
        head = FRAME.unpack_from(frames, start)
        if head[0] != b"NSTF":
            raise Wrong("no frame at byte %d" % start)
        header_length, step, first, hook, payload_length = head[3], head[7], head[9], head[11], head[14]
        begin = start + header_length
        pieces.setdefault((hook, step), []).append((first, frames[begin : begin + payload_length]))
        start = begin + (payload_length + 7 & ~7)
    digests = {}
    for key, parts in pieces.items():
        digest = hashlib.sha256()
        for _, part in sorted(parts):
            digest.update(part)
        digests[key] = digest.hexdigest()
    return digests
