"""A server with keys, and the clients that people have: curl, OpenAI's SDK, both doors of a browser, `neuroscope keys`."""

import asyncio
import concurrent.futures
import json
import os
import signal
import subprocess
import tempfile
import time
import unittest

import openai
import websockets

from browser import page
from server import FRANCE, Server

BINARY = os.environ["NEUROSCOPE_BINARY"]


def keys(*arguments):
    return subprocess.run([BINARY, "keys", *arguments], capture_output=True, text=True, check=True).stdout.strip()


class Keys(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = os.path.join(folder.name, "keys.json")
        self.reader = keys("add", "reader", "--keys", self.file, "--scope", "read")
        self.runner = keys("add", "runner", "--keys", self.file)
        self.server = Server("--keys", self.file)
        self.addCleanup(self.server.stop)

    def status(self, method, path, secret=None, body=None, **fields):
        bearer = {"Authorization": "Bearer " + secret} if secret else {}
        return self.server.call(method, path, body, {**bearer, **fields})[0]

    def test_secrets_are_kept_as_hashes_for_the_owner_alone(self):
        self.assertEqual(os.stat(self.file).st_mode & 0o777, 0o600)
        with open(self.file) as file:
            text = file.read()
        for secret in (self.reader, self.runner):
            self.assertNotIn(secret, text)
        self.assertEqual(keys("list", "--keys", self.file).splitlines()[0].split()[:2], ["reader", "read"])

    def test_scopes_hold_for_openai_s_sdk(self):
        wrong = openai.OpenAI(base_url=self.server.url + "/v1", api_key="wrong", max_retries=0)
        with self.assertRaises(openai.AuthenticationError):
            wrong.chat.completions.create(model="circuits-5m", messages=FRANCE, max_tokens=1)
        reader = openai.OpenAI(base_url=self.server.url + "/v1", api_key=self.reader, max_retries=0)
        self.assertTrue(reader.models.list().data)
        with self.assertRaises(openai.PermissionDeniedError):
            reader.chat.completions.create(model="circuits-5m", messages=FRANCE, max_tokens=1)
        runner = openai.OpenAI(base_url=self.server.url + "/v1", api_key=self.runner, max_retries=0)
        answer = runner.chat.completions.create(model="circuits-5m", messages=FRANCE, max_tokens=4)
        self.assertTrue(answer.choices[0].message.content)

    def test_revoked_keys_open_nothing_after_a_hangup_signal(self):
        self.assertEqual(self.status("GET", "/v1/models", self.reader), 200)
        keys("revoke", "reader", "--keys", self.file)
        self.assertEqual(self.status("GET", "/v1/models", self.reader), 200)
        self.server.process.send_signal(signal.SIGHUP)
        until = time.monotonic() + 20
        while self.status("GET", "/v1/models", self.reader) != 401:
            self.assertLess(time.monotonic(), until)
            time.sleep(0.05)
        self.assertEqual(self.status("GET", "/v1/models", self.runner), 200)
        with open(self.file, "w") as file:
            file.write("{")
        self.server.process.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        self.assertEqual(self.status("GET", "/v1/models", self.runner), 200)

    def test_a_socket_outlives_its_key_but_carries_nothing_out_for_it(self):
        async def talk():
            fields = {"Authorization": "Bearer " + self.runner}
            async with websockets.connect(
                    f"ws://{self.server.host}/v1/socket", subprotocols=["neuroscope.v1"], additional_headers=fields) as socket:
                await socket.send(json.dumps({"id": 1, "command": "ping"}))
                self.assertTrue(json.loads(await socket.recv())["ok"])
                keys("revoke", "runner", "--keys", self.file)
                self.server.process.send_signal(signal.SIGHUP)
                for _ in range(200):
                    await socket.send(json.dumps({"id": 2, "command": "ping"}))
                    if not (reply := json.loads(await socket.recv()))["ok"]:
                        break
                    await asyncio.sleep(0.05)
                self.assertEqual(reply["code"], "key_unknown")
        # In a thread of its own: the browser's driver keeps a loop running in this one.
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            pool.submit(asyncio.run, talk()).result()

    def test_a_browser_logs_in_and_watches_a_run(self):
        with page(self.server.url + "/") as shown:
            self.assertEqual(shown.url, self.server.url + "/login")
            shown.fill("#key", "wrong")
            shown.press("#key", "Enter")
            shown.wait_for_load_state()
            shown.goto(self.server.url + "/")
            shown.fill("#key", self.runner)
            shown.press("#key", "Enter")
            shown.wait_for_selector("#start:not([disabled])")
            self.assertEqual(shown.evaluate("document.cookie"), "", "scripts see the session")
            shown.fill("#prompt", "Once upon a time")
            shown.click("#start")
            shown.wait_for_selector("#strip .chip:not([data-prompt])")
        runs = self.server.call("GET", "/v1/runs", None, {"Authorization": "Bearer " + self.runner})[2]
        self.assertEqual(len(json.loads(runs)["runs"]), 1)

    def test_the_door_stays_shut_beyond_this_machine(self):
        done = subprocess.run(
            [BINARY, "serve", "--no-model", "--host", "0.0.0.0", "--port", "0"], capture_output=True, text=True, timeout=600)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("--insecure-no-auth", done.stderr)


if __name__ == "__main__":
    unittest.main()
