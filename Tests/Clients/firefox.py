"""Debian's Firefox, by WebDriver BiDi: playwright drives only a Firefox of its own make."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time

from websockets.sync.client import connect

FIREFOX = os.environ.get("FIREFOX") or shutil.which("firefox-esr")


class Firefox:
    """A browser with one tab; `complaints` are the errors that its pages told."""

    def __init__(self, width=1440, height=1000):
        self.complaints = []
        self._last = 0
        with contextlib.ExitStack() as stack:
            profile = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
            # What moves by itself would not be where it is clicked.
            with open(os.path.join(profile, "user.js"), "w") as settings:
                settings.write('user_pref("ui.prefersReducedMotion", 1);\n')
            process = stack.enter_context(subprocess.Popen(
                [FIREFOX, "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"],
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env={**os.environ, "HOME": profile}))
            stack.callback(process.kill)
            address = next(found[1] for line in process.stderr if (found := re.search(r"BiDi listening on (ws://\S+)", line)))
            # What nobody reads would hold the browser up.
            reader = threading.Thread(target=lambda: [None for _ in process.stderr], daemon=True)
            reader.start()
            stack.callback(reader.join)
            stack.callback(process.kill)
            self._socket = stack.enter_context(connect(f"{address}/session", max_size=None))
            self.ask("session.new", capabilities={})
            self.ask("session.subscribe", events=["log.entryAdded"])
            self._tab = self.ask("browsingContext.getTree")["contexts"][0]["context"]
            self.ask("browsingContext.setViewport", context=self._tab, viewport={"width": width, "height": height})
            self.close = stack.pop_all().close

    def ask(self, method, **parameters):
        """What a command answers; events that come before it are kept."""
        self._last += 1
        self._socket.send(json.dumps({"id": self._last, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv(timeout=60))
            if message["type"] == "event" and message["params"].get("level") == "error":
                self.complaints.append(message["params"]["text"])
            if message.get("id") != self._last:
                continue
            if message["type"] == "error":
                raise RuntimeError(f"{method}: {message['message']}")
            return message["result"]

    def goto(self, url):
        self.ask("browsingContext.navigate", context=self._tab, url=url, wait="complete")

    def evaluate(self, expression):
        """The value of an expression that JSON can tell."""
        answer = self.ask("script.evaluate", expression=f"JSON.stringify({expression})", target={"context": self._tab}, awaitPromise=True)
        if answer["type"] == "exception":
            raise RuntimeError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"].get("value", "null"))

    def until(self, expression, seconds=60):
        """Waits for an expression of the page to hold."""
        end = time.monotonic() + seconds
        while not (value := self.evaluate(expression)):
            if time.monotonic() > end:
                raise AssertionError(f"{expression} did not come true")
            time.sleep(0.05)
        return value

    def click(self, selector):
        """Clicks the first element that a selector finds, as a mouse does."""
        self.until(f"(document.querySelector({json.dumps(selector)})?.scrollIntoView({{block: 'center'}}), !!document.querySelector({json.dumps(selector)}))")
        node = self.ask("browsingContext.locateNodes", context=self._tab, locator={"type": "css", "value": selector}, maxNodeCount=1)["nodes"][0]
        origin = {"type": "element", "element": {"sharedId": node["sharedId"]}}
        self.ask("input.performActions", context=self._tab, actions=[{"type": "pointer", "id": "mouse", "actions": [
            {"type": "pointerMove", "x": 0, "y": 0, "origin": origin}, {"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]}])
