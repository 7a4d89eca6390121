"""The page's experts, on the references' mixture (`NEUROSCOPE_REFERENCES`): the bundled model has none."""

import json
import os
import unittest

from browser import CHROMIUM, page
from dashboard import until
from server import Server

MODEL = os.path.join(os.environ.get("NEUROSCOPE_REFERENCES", ""), "mixtral", "hf-f32")


@unittest.skipUnless(CHROMIUM and os.path.isdir(MODEL), "there is no chromium, or the references' mixture of experts was not made")
class Experts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server("--model", MODEL)
        cls.addClassCleanup(cls.server.stop)

    def chosen(self, run, layer):
        """How often each expert of a layer was chosen, as the events tell it."""
        load = [0, 0, 0, 0]
        for line in self.server.call("GET", f"/v1/runs/{run}/events?tensors=json")[2].decode().splitlines():
            event = json.loads(line[6:]) if line.startswith("data: {") else {}
            if event.get("hook_id") == f"experts.{layer}":
                for row in event["data"][0]:
                    for expert in row:
                        load[int(expert)] += 1
        return load

    def test_lanes_and_load_are_the_router_s_and_an_expert_is_banned(self):
        with page(f"{self.server.url}/?panels=experts&layer=1", viewport={"width": 1440, "height": 900}) as shown:
            shown.wait_for_selector("#start:not([disabled])")
            shown.fill("#prompt", "abc def the")
            shown.fill("#maxTokens", "6")
            shown.click("#start")
            shown.wait_for_selector("#run-state[data-state=done]")
            shown.wait_for_selector(".load-line")
            run = shown.evaluate("new URLSearchParams(location.search).get('run')")
            told = [int(text) for text in shown.locator(".load-line .number").all_text_contents()]
            load = self.chosen(run, 1)
            self.assertEqual(told, load)
            banned = load.index(max(load))
            shown.locator(".load-line button:text('ban')").nth(banned).click()
            changed = until(shown, "new URLSearchParams(location.search).get('versus')")
            self.server.wait(changed, "finished")
            self.assertEqual(self.chosen(changed, 1)[banned], 0)
            self.assertEqual(shown.complaints, [])


if __name__ == "__main__":
    unittest.main()
