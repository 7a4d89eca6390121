"""What the tests of the page do again and again, as a person would."""

import json
import time
import unittest

from browser import CHROMIUM, page
from server import shared

GIVER = "When Mary and John went to the store, John gave a drink to"

# Drops a file on the page: `[name, bytes]`.
DROP = """([name, bytes]) => {
  const data = new DataTransfer();
  data.items.add(new File([Uint8Array.from(bytes)], name));
  window.dispatchEvent(new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true}));
}"""


def until(shown, expression, argument=None, seconds=10):
    """Waits for an expression of the page to hold. The page's policy forbids what playwright's own waiting does: eval."""
    end = time.monotonic() + seconds
    while not (value := shown.evaluate(expression, argument)):
        if time.monotonic() > end:
            raise AssertionError(f"{expression} did not come true")
        shown.wait_for_timeout(30)
    return value


def drawn(shown):
    """Waits until what the page knows by now is on the screen: it is drawn once a frame."""
    shown.evaluate("""async () => {
      for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
    }""")


def says(shown, selector, words):
    """Waits for a part of the page to say something: it is drawn a frame after what it tells of."""
    until(shown, "([selector, words]) => document.querySelector(selector)?.textContent.includes(words)", [selector, words])


@unittest.skipUnless(CHROMIUM, "there is no chromium here")
class PageTest(unittest.TestCase):
    """A test of the page on the shared server."""

    def opened(self, query="", **options):
        """A page that is closed, and has complained of nothing, when the test is over."""
        manager = page(f"{shared().url}/{query}", **{"viewport": {"width": 1440, "height": 1000}, **options})
        shown = manager.__enter__()
        self.addCleanup(manager.__exit__, None, None, None)
        self.addCleanup(lambda: self.assertEqual(shown.complaints, []))
        shown.wait_for_selector("#connection[data-state=open]")
        return shown

    def start_plain(self, shown, text=GIVER, tokens=4):
        """Writes a prompt and presses Run; the run's id."""
        shown.wait_for_selector("#start:not([disabled])")
        shown.select_option("#mode", "plain")
        shown.fill("#prompt", text)
        shown.fill("#maxTokens", str(tokens))
        before = self.run_id(shown)
        shown.click("#start")
        until(shown, "before => new URLSearchParams(location.search).get('run') !== before", before)
        return self.run_id(shown)

    def run_plain(self, shown, text=GIVER, tokens=4):
        """Writes a prompt, presses Run, and waits for the end; the run's id."""
        self.start_plain(shown, text, tokens)
        self.finished(shown)
        return self.run_id(shown)

    def finished(self, shown):
        shown.wait_for_selector("#run-state[data-state=done]")

    def run_id(self, shown, name="run"):
        return shown.evaluate("name => new URLSearchParams(location.search).get(name)", name)

    def events(self, run, *types):
        """What the server tells of a run, tensors as numbers."""
        data = shared().call("GET", f"/v1/runs/{run}/events?tensors=json")[2].decode()
        found = [json.loads(line[6:]) for line in data.splitlines() if line.startswith("data: {")]
        return [event for event in found if event["type"] in types]

    def start(self, wait="finished", **body):
        """A run that somebody else made, once it stands as is said."""
        run = shared().json("POST", "/v1/runs", {"detach": True, "temperature": 0, **body})["run_id"]
        shared().wait(run, wait)
        return run

    def cell(self, shown, selector, row, column):
        """Where the middle of a matrix's cell is in its box; rows count upwards."""
        box = shown.locator(selector)
        box.scroll_into_view_if_needed()
        data = {name: float(box.get_attribute(f"data-{name}")) for name in ("rows", "across", "down", "side")}
        scroll = box.evaluate("""(box, [x, side]) => {
          const seen = x - box.scrollLeft;
          if (seen < side || seen > box.clientWidth) box.scrollLeft = Math.max(0, x - box.clientWidth / 2);
          return [box.scrollLeft, box.scrollTop];
        }""", [data["side"] + (column + 0.5) * data["across"], data["side"]])
        return {"x": data["side"] + (column + 0.5) * data["across"] - scroll[0],
                "y": (data["rows"] - 1 - row + 0.5) * data["down"] - scroll[1]}

    def colour_at(self, shown, selector, place):
        """The pixel of a matrix's canvas at a place of its box, as it is without the cross-hair."""
        shown.mouse.move(2, 2)
        shown.wait_for_timeout(50)
        return shown.locator(f"{selector} canvas").evaluate("""(canvas, place) => {
          const scale = canvas.width / canvas.clientWidth;
          return [...canvas.getContext("2d").getImageData(Math.round(place.x * scale), Math.round(place.y * scale), 1, 1).data].slice(0, 3);
        }""", place)
