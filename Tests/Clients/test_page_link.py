"""The page on a slow link, on one that goes dead, and in a tab that sleeps: it goes on by itself and says what it missed."""

import json
import unittest

from browser import page
from dashboard import GIVER, PageTest, until
from link import Link
from server import shared

ANSWERED = "document.querySelectorAll('#strip .chip:not([data-prompt])').length"


class Links(PageTest):
    def browser_of(self, shown):
        """A conversation with the browser about the page."""
        session = shown.context.new_cdp_session(shown)
        session.send("Network.enable")
        session.send("Page.enable")
        return session

    def network(self, session, offline=False, latency=0, rate=-1):
        session.send("Network.emulateNetworkConditions", {
            "offline": offline, "latency": latency, "downloadThroughput": rate, "uploadThroughput": rate})

    def over(self, link, query):
        """A page over a link of its own; what it complains of while that is dead is no fault."""
        manager = page(f"{link.url}/{query}", viewport={"width": 1440, "height": 1000})
        shown = manager.__enter__()
        self.addCleanup(manager.__exit__, None, None, None)
        shown.wait_for_selector("#connection[data-state=open]")
        return shown

    def paused(self):
        return shared().json("POST", "/v1/runs", {
            "prompt": GIVER, "max_tokens": 400, "ignore_eos": True, "detach": True, "start": "paused", "temperature": 0,
            "activation_hooks": [{"layer_name": f"transformer.h.{layer}", "component": "residual", "hook_id": f"r.{layer}", "reduce": "norm"} for layer in range(24)]})["run_id"]

    def step(self, run, count):
        shared().json("POST", f"/v1/runs/{run}/step", {"count": count})
        shared().wait(run, "paused", "finished")

    def same_text(self, shown, run):
        """Every token of the run is on the page, in its place."""
        facts = shared().json("GET", f"/v1/runs/{run}")
        places = shown.evaluate("[...document.querySelectorAll('#strip .chip:not([data-prompt])')].map((one) => Number(one.dataset.position))")
        self.assertEqual(places, list(range(facts["prompt_tokens"], facts["prompt_tokens"] + facts["completion_tokens"])))

    def test_a_slow_link_loses_nothing_and_the_page_answers_meanwhile(self):
        shown = self.opened("?panels=map")
        self.network(self.browser_of(shown), latency=250, rate=60_000)
        shown.wait_for_selector("#start:not([disabled])")
        shown.select_option("#mode", "plain")
        shown.fill("#prompt", GIVER)
        shown.fill("#maxTokens", "120")
        shown.click("#sampling summary")
        shown.check("#ignoreEos")
        # A key is pressed, and what it does is shown, while the run still goes on.
        shown.evaluate("""() => {
          const watch = setInterval(() => {
            if (document.querySelectorAll('#strip .chip:not([data-prompt])').length < 3) return;
            clearInterval(watch);
            document.activeElement.blur();
            document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "8", bubbles: true, cancelable: true}));
            window.met = [document.getElementById("run-state").dataset.state, Boolean(document.getElementById("panel-recordings"))];
          }, 1);
        }""")
        shown.click("#start")
        until(shown, "window.met", seconds=60)
        self.assertEqual(shown.evaluate("window.met"), ["live", True])
        self.finished(shown)
        run = self.run_id(shown)
        self.assertEqual(shown.evaluate(ANSWERED), 120)
        self.same_text(shown, run)
        norms = {event["positions"][0]: event["data"][0][0] for event in self.events(run, "activation") if event["component"] == "residual" and event["step"] > 0 and event["hook_id"].endswith(".5")}
        for position in (min(norms), max(norms)):
            shown.locator(".panel-map .matrix").hover(position=self.cell(shown, ".panel-map .matrix", 5, position))
            self.assertIn(f"norm {norms[position]:.4g}", shown.text_content("#tip"))

    def test_a_link_that_goes_dead_without_a_word_is_noticed_and_taken_up_again(self):
        link = Link(shared().host)
        self.addCleanup(link.close)
        run = self.paused()
        shown = self.over(link, f"?run={run}&panels=map")
        self.step(run, 5)
        until(shown, f"{ANSWERED} === 5")
        link.die()
        session = self.browser_of(shown)
        # The browser tells that the network changed, as it does where a laptop is carried elsewhere.
        self.network(session, offline=True)
        self.network(session)
        self.step(run, 7)
        shown.wait_for_selector("#connection[data-state=closed]")
        self.assertEqual(shown.evaluate(ANSWERED), 5)
        link.mend()
        shown.wait_for_selector("#connection[data-state=open]")
        until(shown, f"{ANSWERED} === 12", seconds=60)
        self.same_text(shown, run)
        shown.click("#step")
        until(shown, f"{ANSWERED} === 13")

    def test_a_link_that_is_cut_again_and_again_loses_no_token(self):
        link = Link(shared().host)
        self.addCleanup(link.close)
        run = self.paused()
        shown = self.over(link, f"?run={run}&panels=map")
        for round in range(1, 4):
            self.step(run, 6)
            until(shown, f"{ANSWERED} === {12 * round - 6}", seconds=60)
            link.cut()
            self.step(run, 6)
            until(shown, f"{ANSWERED} === {12 * round}", seconds=60)
        self.same_text(shown, run)

    def test_a_reply_behind_the_events_that_it_caused_does_not_turn_the_run_back(self):
        """The reply to `resume` says "running"; here it comes when the page has long been told of the end."""
        shown = self.opened("?panels=")
        held = []

        def between(socket):
            server = socket.connect_to_server()

            def pass_on(message):
                told = json.loads(message) if isinstance(message, str) else {}
                if told.get("type") == "reply" and told.get("run", {}).get("status") == "running":
                    held.append(message)
                    return
                socket.send(message)
                if told.get("type") == "run.finished":
                    for reply in held:
                        socket.send(reply)

            server.on_message(pass_on)

        shown.route_web_socket("**", between)
        shown.reload()
        shown.wait_for_selector("#connection[data-state=open]")
        run = self.start(prompt=GIVER, max_tokens=4, ignore_eos=True, start="paused", wait="paused")
        shown.goto(f"{shared().url}/?run={run}&panels=")
        shown.wait_for_selector("#run-state[data-state=paused]")
        shown.click("#pause")
        self.finished(shown)
        shown.wait_for_timeout(200)
        self.assertEqual((len(held), shown.get_attribute("#run-state", "data-state")), (1, "done"))

    def test_a_tab_that_slept_catches_up(self):
        run = self.paused()
        shown = self.opened(f"?run={run}&panels=map")
        self.step(run, 3)
        until(shown, f"{ANSWERED} === 3")
        session = self.browser_of(shown)
        session.send("Debugger.enable")
        # No script of the page runs, as in a tab that the browser put to sleep; what comes over the link waits.
        session.send("Debugger.pause")
        self.step(run, 200)
        session.send("Debugger.resume")
        session.send("Debugger.disable")
        until(shown, f"{ANSWERED} === 203", seconds=60)
        self.same_text(shown, run)
        self.assertEqual(shown.get_attribute("#connection", "data-state"), "open")
        shown.click("#step")
        until(shown, f"{ANSWERED} === 204")


if __name__ == "__main__":
    unittest.main()
