"""The page below a path of a site: every link, stream and socket of it stays there."""

import unittest

from browser import page
from dashboard import GIVER, PageTest, until
from server import Server

BASE = "/tools/scope"


class Base(PageTest):
    @classmethod
    def setUpClass(cls):
        cls.server = Server("--base-path", BASE)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def watched(self, path=""):
        """A page at a path below the base; everything that it asks for is kept."""
        manager = page(f"{self.server.url}{BASE}{path}", viewport={"width": 1440, "height": 1000})
        shown = manager.__enter__()
        self.addCleanup(manager.__exit__, None, None, None)
        self.addCleanup(lambda: self.assertEqual(shown.complaints, []))
        shown.asked = []
        shown.on("request", lambda request: shown.asked.append(request.url))
        shown.on("websocket", lambda socket: shown.asked.append(socket.url))
        return shown

    def test_a_run_is_made_asked_about_and_linked_below_the_path(self):
        shown = self.watched()
        self.assertEqual(shown.url.split("?")[0], f"{self.server.url}{BASE}/")
        shown.wait_for_selector("#connection[data-state=open]")
        shown.reload()
        shown.wait_for_selector("#connection[data-state=open]")
        self.run_plain(shown)
        shown.keyboard.press("Escape")
        shown.evaluate("document.activeElement.blur()")
        shown.click(".chip:not([data-prompt]) >> nth=0")
        shown.click("#toggle-graph")
        shown.click("#graph-ask")
        shown.wait_for_selector(".panel-graph .circuit svg")
        shown.click("#cut-strongest")
        until(shown, "document.querySelectorAll('.branch').length === 2")
        place = self.server.host
        asked = [url.split(place, 1)[1] for url in shown.asked if place in url]
        self.assertTrue(any(path.startswith(f"{BASE}/v1/socket") for path in asked))
        self.assertEqual([path for path in asked if not path.startswith(f"{BASE}/")], [])
        other = self.watched(shown.url.split(BASE, 1)[1])
        self.finished(other)
        self.assertIn(GIVER.split()[-2], other.text_content("#strip"))

    def test_the_reference_s_lines_work_below_the_path(self):
        shown = self.watched("/reference")
        until(shown, "document.querySelectorAll('#reference h3').length > 20")
        self.assertIn(f"{self.server.url}{BASE}/v1/runs", shown.text_content("#reference"))
        shown.click("text=Live page")
        shown.wait_for_selector("#connection[data-state=open]")
        self.assertEqual(shown.url.split("?")[0], f"{self.server.url}{BASE}/")


if __name__ == "__main__":
    unittest.main()
