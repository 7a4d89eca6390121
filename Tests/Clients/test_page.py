"""The page in a real browser: what it draws is what the server computed."""

import json
import unittest

from browser import CHROMIUM, page
from server import Server, shared

# What each cell of the heat map shows, read from the canvas: the colour of layer and column.
CELLS = """() => {
  const canvas = document.getElementById("map");
  const {data, width, height} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return Array.from({length: height}, (_, row) => Array.from({length: width}, (_, column) =>
    [...data.slice(((height - 1 - row) * width + column) * 4, ((height - 1 - row) * width + column) * 4 + 4)]));
}"""


@unittest.skipUnless(CHROMIUM, "there is no chromium here")
class Page(unittest.TestCase):
    def finished(self, shown):
        shown.wait_for_function("document.getElementById('status').textContent.includes('finished by')")

    def begin(self, shown, tokens=12):
        shown.wait_for_selector("#start:not([disabled])")
        shown.fill("#temperature", "0")
        shown.fill("#tokens", str(tokens))
        shown.click("#start")

    def test_a_run_is_drawn_layer_by_layer(self):
        with page(shared().url) as shown:
            self.begin(shown)
            self.finished(shown)
            self.assertIn("Paris", shown.text_content("#answer"))
            shown.wait_for_function("document.getElementById('map').height === 24")
            cells = shown.evaluate(CELLS)
            prompt = int(shown.evaluate("document.querySelector('.token').dataset.position"))
            self.assertEqual(len(cells), 24)
            # Every pass computed its positions, and the last token was not read any more.
            told = shown.locator("#answer .token").count()
            self.assertIn(len(cells[0]), (prompt + told, prompt + told - 1))
            self.assertTrue(all(cell[3] == 255 for row in cells for cell in row))
            self.assertGreater(len({tuple(cell) for row in cells for cell in row}), 50)
            self.assertEqual(shown.complaints, [])

    def test_the_numbers_are_the_server_s(self):
        run = shared().json("POST", "/v1/runs", {
            "prompt": "The capital of France is", "max_tokens": 4, "temperature": 0, "detach": True,
            "activation_hooks": [{"layer_name": f"transformer.h.{n}", "component": "residual", "hook_id": str(n), "reduce": "norm"}
                                 for n in range(24)], "frames": {"dtype": "f32"}})["run_id"]
        shared().wait(run, "finished")
        norms = {}
        for line in shared().call("GET", f"/v1/runs/{run}/events?tensors=json")[2].decode().splitlines():
            if line.startswith('data: {"type":"activation"'):
                event = json.loads(line[6:])
                for place, norm in enumerate(event["data"][0]):
                    norms[int(event["hook_id"]), event["positions"][0] + place] = norm
        with page(f"{shared().url}/?run={run}") as shown:
            self.finished(shown)
            box = shown.locator("#map").bounding_box()
            columns = 1 + max(column for _, column in norms)
            for layer, column in ((0, 0), (5, 3), (12, columns - 1), (23, 1)):
                place = {"x": (column + 0.5) * box["width"] / columns, "y": (23 - layer + 0.5) * box["height"] / 24}
                shown.locator("#map").hover(position=place)
                shown.wait_for_function(f"document.getElementById('tip').textContent.startsWith('layer {layer},')")
                told = shown.text_content("#tip")
                self.assertIn(f"norm {norms[layer, column]:.3f}", told)
            self.assertEqual(shown.complaints, [])

    def test_whole_tensors_of_any_element_type_become_norms(self):
        """A watched run may send rows, in planes of bf16: the page reads what the client reads."""
        run = shared().json("POST", "/v1/runs", {
            "prompt": "The capital of France is", "max_tokens": 3, "temperature": 0, "detach": True,
            "activation_hooks": [{"layer_name": f"transformer.h.{n}", "component": "residual", "hook_id": str(n)} for n in (0, 23)]})["run_id"]
        shared().wait(run, "finished")
        with page(f"{shared().url}/?run={run}") as shown:
            self.finished(shown)
            shown.wait_for_function("document.getElementById('map').height === 24")
            cells = shown.evaluate(CELLS)
            self.assertTrue(all(cell[3] == 255 for cell in cells[0] + cells[23]))
            self.assertTrue(all(cell[3] == 0 for cell in cells[11]))
            self.assertEqual(shown.complaints, [])

    def test_the_lens_is_drawn(self):
        with page(shared().url) as shown:
            shown.wait_for_selector("#start:not([disabled])")
            shown.check("#lens")
            self.begin(shown)
            self.finished(shown)
            self.assertGreater(shown.locator("#lens-grid > *").count(), 3)
            self.assertEqual(shown.complaints, [])

    def test_a_run_is_stepped_and_resumed(self):
        run = shared().json("POST", "/v1/runs", {
            "prompt": "Once upon a time", "max_tokens": 9, "ignore_eos": True, "detach": True, "start": "paused"})["run_id"]
        with page(f"{shared().url}/?run={run}") as shown:
            shown.wait_for_selector("#step:not([disabled])")
            self.assertEqual(shown.text_content("#pause"), "Resume")
            for count in (1, 2):
                shown.click("#step")
                shown.wait_for_function(f"document.querySelectorAll('#answer .token').length === {count}")
                shown.wait_for_selector("#step:not([disabled])")
            shown.click("#pause")
            self.finished(shown)
            self.assertTrue(shown.is_disabled("#stop"))
            self.assertEqual(shown.complaints, [])

    def test_a_server_that_comes_back_is_found_again(self):
        server = Server()
        self.addCleanup(lambda: server.stop())
        with page(server.url) as shown:
            self.begin(shown)
            self.finished(shown)
            server.stop()
            shown.wait_for_selector("#connection[data-state=closed]")
            self.assertTrue(shown.is_disabled("#start"))
            again = Server("--port", server.host.rpartition(":")[2])
            self.addCleanup(lambda: again.stop())
            shown.wait_for_selector("#connection[data-state=open]")
            self.begin(shown)
            self.finished(shown)
            self.assertIn("Paris", shown.text_content("#answer"))

    def test_a_run_that_is_not_there_is_told(self):
        with page(f"{shared().url}/?run=absent") as shown:
            shown.wait_for_selector("#answer .error")
            self.assertIn("absent", shown.text_content("#answer"))

    def test_the_reference_lists_every_operation(self):
        with page(f"{shared().url}/reference") as shown:
            shown.wait_for_selector("#reference h3")
            paths = shared().json("GET", "/v1/openapi.json")["paths"]
            count = sum(method in item for item in paths.values() for method in ("get", "post", "delete"))
            shown.wait_for_function(f"document.querySelectorAll('#reference h3').length === {count}")
            self.assertEqual(shown.complaints, [])


if __name__ == "__main__":
    unittest.main()
