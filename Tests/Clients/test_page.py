"""The page's frame in a real browser: conversation, runs, panels, address, keys, states."""

import re
import unittest

from browser import page
from dashboard import GIVER, PageTest, until
from server import Server, shared


class Conversation(PageTest):
    def test_a_plain_prompt_is_run_and_told_token_by_token(self):
        shown = self.opened()
        run = self.run_plain(shown)
        tokens = self.events(run, "token")
        started = self.events(run, "run.started")[0]
        self.assertEqual(shown.locator("#strip .chip").count(), len(started["prompt"]["pieces"]) + len(tokens))
        self.assertEqual(shown.locator("#strip .chip:not([data-prompt])").first.text_content(), "·Mary")
        self.assertIn(f"{len(tokens)} tokens", shown.text_content("#run-state"))

    def test_a_chat_keeps_what_was_said(self):
        shown = self.opened()
        shown.wait_for_selector("#start:not([disabled])")
        shown.select_option("#mode", "chat")
        shown.click("#system-part summary")
        shown.fill("#system", "You are a helpful assistant.")
        shown.fill("#prompt", "What is the capital of France?")
        shown.press("#prompt", "Enter")
        shown.wait_for_selector("#transcript li[data-role=assistant]")
        self.assertIn("Paris", shown.text_content("#transcript"))
        shown.fill("#prompt", "And of Germany?")
        shown.press("#prompt", "Enter")
        until(shown, "document.querySelectorAll('#transcript li').length === 4")
        pieces = self.events(self.run_id(shown), "run.started")[0]["prompt"]["pieces"]
        self.assertIn("helpful", "".join(pieces))
        self.assertIn("France", "".join(pieces))

    def test_options_reach_the_run(self):
        shown = self.opened()
        shown.wait_for_selector("#start:not([disabled])")
        shown.click("#sampling summary")
        for name, value in {"temperature": 1.5, "topP": 0.5, "topK": 7, "minP": 0.1, "repetitionPenalty": 1.2,
                            "presencePenalty": 0.5, "frequencyPenalty": 0.25, "seed": 12345, "stop-text": "###"}.items():
            shown.fill(f"#{name}", str(value))
        run = self.run_plain(shown)
        sampling = shared().json("GET", f"/v1/runs/{run}")["sampling"]
        self.assertEqual(sampling, {
            "temperature": 1.5, "top_p": 0.5, "top_k": 7, "min_p": 0.1, "repetition_penalty": 1.2, "presence_penalty": 0.5,
            "frequency_penalty": 0.25, "seed": 12345, "max_tokens": 4, "stop": ["###"], "logit_bias": {}})

    def test_what_is_refused_is_told_in_the_server_s_words(self):
        shown = self.opened()
        shown.wait_for_selector("#start:not([disabled])")
        shown.click("#sampling summary")
        shown.fill("#temperature", "7")
        shown.fill("#prompt", "x")
        shown.click("#start")
        shown.wait_for_selector("#why-not:not([hidden])")
        self.assertIn("temperature", shown.text_content("#why-not"))

    def test_the_template_is_shown_as_the_tokens_the_model_is_given(self):
        shown = self.opened()
        shown.wait_for_selector("#start:not([disabled])")
        shown.select_option("#mode", "chat")
        shown.fill("#prompt", "Hi")
        shown.click("#as-tokens summary")
        shown.wait_for_selector(".given-token")
        expected = shared().json("POST", "/v1/apply_template", {"messages": [{"role": "user", "content": "Hi"}]})["tokens"]
        told = [int(title.split()[1]) for title in shown.locator(".given-token").evaluate_all("all => all.map((one) => one.title)")]
        self.assertEqual(told, expected)


class Watching(PageTest):
    def test_a_run_of_somebody_else_is_watched_with_a_click(self):
        run = self.start(prompt="Once upon a time", max_tokens=5)
        shown = self.opened()
        shown.click("#runs summary")
        shown.click(f"[data-run={run}]")
        self.finished(shown)
        self.assertEqual(self.run_id(shown), run)
        told = "".join(event["text"] for event in self.events(run, "token"))
        self.assertEqual(shown.locator("#strip .chip:not([data-prompt])").count(), 5)
        self.assertEqual(shared().json("GET", f"/v1/runs/{run}")["text"], told)

    def test_a_run_is_paused_stepped_taken_back_and_ended(self):
        run = shared().json("POST", "/v1/runs", {
            "prompt": "Once upon a time", "max_tokens": 30, "ignore_eos": True, "detach": True, "start": "paused"})["run_id"]
        shown = self.opened(f"?run={run}")
        answered = "document.querySelectorAll('#strip .chip:not([data-prompt])').length"
        shown.wait_for_selector("#step:not([disabled])")
        for count in (1, 2):
            shown.keyboard.press("s")
            until(shown, f"{answered} === {count}")
            shown.wait_for_selector("#step:not([disabled])")
        shown.click("#step-ten")
        until(shown, f"{answered} === 12")
        shown.locator("#strip .chip:not([data-prompt])").nth(4).click()
        shown.click("#rewind")
        until(shown, f"{answered} === 5")
        self.assertIn("paused", shown.text_content("#run-state"))
        shown.keyboard.press("p")
        self.finished(shown)
        self.assertEqual(shown.evaluate(answered), 30)
        shown.wait_for_selector("#stop[disabled]")

    def test_a_fork_of_somebody_else_is_shown_from_the_beginning(self):
        """Its own events begin where it left the first run."""
        def stepped(run, count, until):
            shared().json("POST", f"/v1/runs/{run}/step", {"count": count})
            while shared().wait(run, "paused")["completion_tokens"] < until:
                pass
            return run

        run = shared().json("POST", "/v1/runs", {
            "prompt": "Once upon a time", "max_tokens": 12, "ignore_eos": True, "temperature": 0, "detach": True, "start": "paused"})["run_id"]
        fork = shared().json("POST", f"/v1/runs/{stepped(run, 3, 3)}/fork", {"start": "paused"})["run_id"]
        second = shared().json("POST", f"/v1/runs/{stepped(fork, 2, 5)}/fork", {})["run_id"]
        shared().wait(second, "finished")
        text = shared().json("GET", f"/v1/runs/{second}")["text"]
        shown = self.opened(f"?run={second}&panels=why,map,attention,change,circuit")
        self.finished(shown)
        until(shown, "document.querySelectorAll('.chip:not([data-prompt])').length === 12")
        told = shown.locator(".chip:not([data-prompt])").all_text_contents()
        self.assertEqual("".join(told).replace("·", " "), text)
        shown.wait_for_selector(".panel-map .matrix[data-columns]")

    def test_a_run_that_is_not_there_is_told(self):
        with page(f"{shared().url}/?run=absent") as shown:
            shown.wait_for_selector("#strip .emptiness[data-state=failed]")
            self.assertIn("absent", shown.text_content("#strip"))
            shown.click("#strip button")
            shown.wait_for_selector("#strip .emptiness[data-state=empty]")

    def test_a_server_that_comes_back_is_found_again(self):
        server = Server()
        self.addCleanup(lambda: server.stop())
        with page(server.url) as shown:
            self.run_plain(shown)
            paused = server.json("POST", "/v1/runs", {"prompt": GIVER, "max_tokens": 9, "detach": True, "start": "paused"})["run_id"]
            server.json("POST", f"/v1/runs/{paused}/step", {"count": 2})
            shown.click("#runs summary")
            shown.click(f"[data-run={paused}]")
            shown.wait_for_selector("#strip .chip:not([data-prompt]) >> nth=1")
            server.stop()
            shown.wait_for_selector("#connection[data-state=closed]")
            self.assertTrue(shown.is_disabled("#start"))
            self.assertIn("by itself", shown.text_content("#why-not"))
            again = Server("--port", server.host.rpartition(":")[2])
            self.addCleanup(lambda: again.stop())
            shown.wait_for_selector("#connection[data-state=open]")
            # That run went with the server: what it said stays, and why there is no more.
            shown.wait_for_selector("#run-state[data-state=done], #run-state[data-state=failed]")
            self.assertGreater(shown.locator("#strip .chip:not([data-prompt])").count(), 1)
            self.run_plain(shown)
            self.assertIn("Mary", shown.text_content("#strip"))


class Frame(PageTest):
    def test_a_link_restores_the_view(self):
        shown = self.opened()
        self.run_plain(shown)
        shown.click(".chip[data-position='3']")
        shown.click("#toggle-map") if shown.get_attribute("#toggle-map", "aria-pressed") == "false" else None
        shown.keyboard.press("j")
        link = shown.url
        other = self.opened(link[len(shared().url) + 1:])
        self.finished(other)
        self.assertEqual(other.url, link)
        other.wait_for_selector(".chip[data-position='3'][aria-pressed=true]")
        self.assertEqual(other.get_attribute("#toggle-map", "aria-pressed"), "true")
        self.assertEqual(self.run_id(other, "layer"), "23")

    def test_panels_are_opened_closed_and_remembered(self):
        shown = self.opened("?panels=")
        self.assertEqual(shown.locator("#panels .panel").count(), 0)
        shown.keyboard.press("2")
        shown.wait_for_selector("#panel-map")
        shown.goto(shared().url)
        shown.wait_for_selector("#panel-map")
        shown.click("#panel-map .close")
        self.assertEqual(shown.locator("#panel-map").count(), 0)
        self.assertEqual(shown.evaluate("document.activeElement.id"), "toggle-map")

    def test_every_key_is_listed_and_every_panel_has_one(self):
        shown = self.opened()
        shown.keyboard.press("?")
        shown.wait_for_selector("#keys[open]")
        listed = shown.locator("#keys kbd").all_text_contents()
        self.assertEqual(len(listed), len(set(listed)))
        keys = shown.locator(".toggle").evaluate_all("all => all.map((one) => one.getAttribute('aria-keyshortcuts'))")
        self.assertTrue(keys)
        self.assertLessEqual(set(keys), set(listed))
        shown.keyboard.press("Escape")
        self.assertEqual(shown.locator("#keys[open]").count(), 0)

    def test_nothing_spills_over_from_a_phone_to_a_wall(self):
        run = self.start(prompt=GIVER, max_tokens=3)
        for width, height in ((360, 740), (768, 1024), (1440, 900), (3840, 2160)):
            shown = self.opened(f"?run={run}&token=14", viewport={"width": width, "height": height})
            self.finished(shown)
            self.assertLessEqual(shown.evaluate("document.documentElement.scrollWidth"), width, f"{width} wide")

    def test_beside_a_tall_panel_the_next_leaves_no_hole(self):
        run = self.start(prompt=GIVER, max_tokens=3)
        shown = self.opened(f"?run={run}&panels=map,lens,attention,change,watch,recordings", viewport={"width": 2600, "height": 1400})
        self.finished(shown)
        # Of each column the gaps between what stands one below the other, and whether panels overlap.
        gaps = """() => {
          const columns = new Map();
          for (const panel of document.querySelectorAll("#panels > .panel")) {
            const box = panel.getBoundingClientRect();
            columns.set(box.left, [...(columns.get(box.left) ?? []), box]);
          }
          return [...columns.values()].map((boxes) => boxes.slice(1).map((box, above) => box.top - boxes[above].bottom));
        }"""
        until(shown, f"(({gaps})()).flat().every((gap) => gap >= 12 && gap <= 20)")
        columns = shown.evaluate(gaps)
        self.assertEqual((len(columns), sum(len(one) + 1 for one in columns)), (2, 6))
        # One that grows moves what is below it and nothing else.
        shown.evaluate("document.querySelector('#panel-map .panel-body').style.height = '700px'")
        until(shown, f"(({gaps})()).flat().every((gap) => gap >= 12 && gap <= 20)")

    def test_the_theme_is_switched_and_kept(self):
        shown = self.opened(color_scheme="light")
        ground = "getComputedStyle(document.body).backgroundColor"
        light = shown.evaluate(ground)
        shown.click("#theme")
        dark = shown.evaluate(ground)
        self.assertNotEqual(light, dark)
        shown.reload()
        shown.wait_for_selector("#connection[data-state=open]")
        self.assertEqual(shown.evaluate(ground), dark)

    def test_nothing_runs_inline_and_nobody_frames_it(self):
        for path in ("/", "/reference", "/dashboard/app.js"):
            status, fields, body = shared().call("GET", path)
            self.assertEqual(status, 200)
            policy = fields["Content-Security-Policy"]
            self.assertIn("default-src 'none'", policy)
            self.assertIn("frame-ancestors 'none'", policy)
            self.assertNotIn("unsafe", policy)
            self.assertEqual(fields["X-Content-Type-Options"], "nosniff")
            self.assertIsNone(re.search(rb"<script(?![^>]*src=)|\sstyle=|\son[a-z]+=", body) if path != "/dashboard/app.js" else None)

    def test_the_reference_lists_every_operation_with_a_link(self):
        with page(f"{shared().url}/reference#startRun", viewport={"width": 360, "height": 740}) as shown:
            paths = shared().json("GET", "/v1/openapi.json")["paths"]
            count = sum(method in item for item in paths.values() for method in ("get", "post", "delete"))
            until(shown, f"document.querySelectorAll('#reference h3').length === {count}")
            self.assertEqual(shown.complaints, [])
            self.assertLessEqual(shown.evaluate("document.documentElement.scrollWidth"), 360)
            until(shown, "Math.abs(document.getElementById('startRun').getBoundingClientRect().top) < 200")


if __name__ == "__main__":
    unittest.main()
