"""The page's recordings, circuit and analyses, as a person uses them."""

import json
import pathlib
import tempfile
import unittest

from dashboard import DROP, GIVER, PageTest, drawn, until
from server import shared

HERE = pathlib.Path(__file__).resolve().parent
SESSIONS = HERE.parents[1] / "Fixtures/sessions"

# Of each grid of numbers its cells, and a digest of their colours, once they are drawn: of every cell at some places of it, as shares
# of its width and height, where no letters stand.
CELLS = """async () => {
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const found = {};
  const places = {"panel-lens": [[0.05, 0.1]], "panel-attention": [[0.1, 0.9], [0.3, 0.6], [0.55, 0.85]], "panel-map": [[0.5, 0.5]]};
  for (const box of document.querySelectorAll(".panel .matrix")) {
    const canvas = box.querySelector("canvas");
    if (!box.dataset.columns || !canvas.clientWidth) return null;
    const [rows, columns, across, down, side] = ["rows", "columns", "across", "down", "side"].map((name) => Number(box.dataset[name]));
    const scale = canvas.width / canvas.clientWidth;
    const {data, width} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const colours = [];
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        for (const [right, low] of places[box.closest(".panel").id]) {
          const x = Math.floor((side + (column + right) * across - box.scrollLeft) * scale);
          const at = (Math.floor((row + low) * down * scale) * width + x) * 4;
          colours.push(...(x >= side * scale && x < width ? data.subarray(at, at + 4) : [0, 0, 0, 0]));
        }
      }
    }
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", Uint8Array.from(colours)));
    const name = box.getAttribute("aria-label").split(":")[0];
    found[`${box.closest(".panel").id}: ${name}`] = `${rows} x ${columns}: ${[...digest].map((one) => one.toString(16).padStart(2, "0")).join("")}`;
  }
  return found;
}"""


class Recordings(PageTest):
    def recorded(self):
        run = self.start(prompt=GIVER, max_tokens=6, ignore_eos=True, record=True, activation_hooks=[
            {"layer_name": f"transformer.h.{layer}", "component": "residual", "hook_id": str(layer), "reduce": "norm"} for layer in (0, 23)])
        return run, shared().json("GET", f"/v1/runs/{run}")["recording_id"]

    def test_a_recording_is_opened_scrubbed_played_and_linked(self):
        run, recording = self.recorded()
        shown = self.opened("?panels=recordings,map")
        shown.click(f"tr[data-recording='{recording}'] th button")
        answered = "document.querySelectorAll('#strip .chip:not([data-prompt])').length"
        until(shown, f"{answered} === 6")
        told = [event["text"] for event in self.events(run, "token")]
        shown.focus("#scrub")
        for key, count in (("Home", 0), ("ArrowRight", 1), ("ArrowRight", 2), ("End", 6)):
            shown.keyboard.press(key)
            until(shown, f"{answered} === {count}")
        shown.keyboard.press("Home")
        shown.click("#play")
        until(shown, f"{answered} === 6")
        shown.focus("#scrub")
        shown.keyboard.press("Home")
        until(shown, f"{answered} === 0")
        shown.evaluate("document.activeElement.blur()")
        shown.keyboard.press("p")
        until(shown, f"{answered} === 6")
        chips = shown.locator("#strip .chip:not([data-prompt])").all_text_contents()
        self.assertEqual([chip.strip("·") for chip in chips if chip[0] not in "‹∅⏎"], [text.strip() for text in told if text.strip()])
        shown.wait_for_selector(".panel-map .matrix[data-columns]")
        other = self.opened(shown.url[len(shared().url) + 1:])
        until(other, f"{answered} === 6")

    def test_a_recording_is_replayed_verified_exported_and_deleted(self):
        _, recording = self.recorded()
        shown = self.opened("?panels=recordings")
        row = f"tr[data-recording='{recording}']"
        shown.click(f"{row} button:text('replay')")
        until(shown, "new URLSearchParams(location.search).get('run')")
        self.assertIn("replay_of", shared().json("GET", f"/v1/runs/{self.run_id(shown)}"))
        shown.click(f"{row} button:text('verify')")
        shown.wait_for_selector(f"{row} button:text('verified')")
        with shown.expect_download() as waiting:
            shown.select_option(f"{row} select", "nsrec")
        saved = pathlib.Path(tempfile.mkdtemp()) / "saved.nsrec"
        waiting.value.save_as(saved)
        self.assertEqual(saved.read_bytes(), shared().call("GET", f"/v1/recordings/{recording}/file")[2])
        shown.click(f"{row} button:text('delete')")
        shown.click(f"{row} button:text('really delete?')")
        until(shown, f"!document.querySelector(\"{row}\")")
        self.assertEqual(shared().call("GET", f"/v1/recordings/{recording}")[0], 404)

    def test_files_are_opened_without_the_server_s_help(self):
        """Whole ones to their end, a cut one up to where it was cut, another file with the reason; each time the same picture."""
        shown = self.opened("?panels=map")
        digest = """async () => {
          const canvas = document.querySelector(".panel-map canvas");
          const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          return [...new Uint8Array(await crypto.subtle.digest("SHA-256", data))].join();
        }"""
        digests = {}
        for name in ("plain.nsrec", "cut.nsrec", "plain.nsrec"):
            shown.evaluate(DROP, [name, list((SESSIONS / name).read_bytes())])
            until(shown, f"document.getElementById('status').textContent.startsWith({name!r})")
            self.assertEqual("cut" in shown.text_content("#status"), name == "cut.nsrec" or "cut" in name)
            shown.mouse.move(2, 2)
            shown.wait_for_selector(".panel-map .matrix[data-columns]")
            drawn(shown)
            found = shown.evaluate(digest)
            self.assertEqual(digests.setdefault(name, found), found)
        self.assertEqual(len(set(digests.values())), 2)
        # What a fork took over is in its parent's recording; here it is not known.
        shown.evaluate(DROP, ["forked.nsrec", list((SESSIONS / "forked.nsrec").read_bytes())])
        until(shown, "document.querySelectorAll('.chip:not([data-prompt])').length === 8")
        until(shown, "[...document.querySelectorAll('.chip')].filter((one) => one.textContent.includes('…')).length === 4")
        shown.evaluate(DROP, ["notes.nsrec", list(b"not a recording" * 9)])
        until(shown, "document.getElementById('status').textContent.includes('This file is not a recording')")
        shown.evaluate(DROP, ["notes.txt", list(b"not a recording" * 9)])
        until(shown, "document.getElementById('status').textContent.includes('files that are read here end with')")


    def test_replays_draw_the_cells_that_they_always_drew(self):
        """Colours of cells, in both themes: letters, which differ from machine to machine, are left out."""
        kept = json.loads((HERE / "drawn.json").read_text())
        found = {}
        for theme in ("light", "dark"):
            for name, panels in (("plain", "map"), ("cut", "map"), ("changed", "map"), ("stepped", "map"), ("watched", "map,attention,lens")):
                shown = self.opened(f"?panels={panels}", color_scheme=theme, viewport={"width": 1440, "height": 3000})
                file = f"{name}.nsrec"
                shown.evaluate(DROP, [file, list((SESSIONS / file).read_bytes())])
                until(shown, f"document.getElementById('status').textContent.startsWith({file!r})")
                shown.mouse.move(2, 2)
                cells = until(shown, CELLS)
                while (again := until(shown, CELLS)) != cells:
                    cells = again
                found[f"{name} {theme}"] = cells
        self.assertEqual(found, kept, json.dumps(found, indent=2))


class Circuits(PageTest):
    def setUp(self):
        analyses = shared().json("GET", "/v1/analyses")["live"]
        if not any(one["name"] == "information_flow" for one in analyses):
            self.skipTest("this server draws no circuits")

    def test_the_graph_is_the_server_s_pruned_by_the_slider(self):
        shown = self.opened("?panels=circuit", color_scheme="light")
        run = self.run_plain(shown, tokens=2)
        graph = next(event["result"] for event in self.events(run, "analysis") if event["name"] == "information_flow")
        shown.click(".chip:not([data-prompt]) >> nth=0")
        shown.wait_for_selector(".circuit svg")
        for threshold in (graph["threshold"], 0.2):
            shown.evaluate("value => { const one = document.getElementById('circuit-threshold'); one.value = value; one.dispatchEvent(new Event('input')); }", str(threshold))
            least = max(float(shown.input_value("#circuit-threshold")), graph["threshold"])
            into = {}
            for edge in graph["edges"]:
                if edge["share"] >= least:
                    into.setdefault(edge["target"], []).append(edge)
            expected, waiting, seen = {}, [node["id"] for node in graph["nodes"] if node["kind"] == "logit"], set()
            while waiting:
                node = waiting.pop()
                if node in seen:
                    continue
                seen.add(node)
                for edge in into.get(node, []):
                    expected[edge["source"], edge["target"]] = edge["share"]
                    waiting.append(edge["source"])
            until(shown, f"document.querySelectorAll('.circuit .edge').length === {len(expected)}")
            drawn = shown.locator(".circuit .edge").evaluate_all("all => all.map((one) => [one.dataset.source, one.dataset.target, Number(one.getAttribute('stroke-width'))])")
            for source, target, width in drawn:
                self.assertAlmostEqual(width, expected[source, target] * 7, delta=1e-3)
            self.assertEqual(shown.locator(".circuit .node").count(), len(seen))

        with shown.expect_download() as waiting:
            shown.click("#save-circuit")
        kept = json.loads(pathlib.Path(waiting.value.path()).read_text())
        self.assertEqual((kept["run_id"], kept["nodes"], kept["edges"]), (run, graph["nodes"], graph["edges"]))

    def test_a_node_is_chosen_by_keyboard_its_ways_lit_and_it_is_cut(self):
        shown = self.opened("?panels=circuit,change")
        run = self.run_plain(shown, tokens=2)
        shown.click(".chip:not([data-prompt]) >> nth=0")
        shown.wait_for_selector(".circuit .node.head")
        name = shown.locator(".circuit .node.head").first.get_attribute("aria-label")
        shown.locator(".circuit .node.head").first.focus()
        shown.keyboard.press("Enter")
        until(shown, "document.querySelectorAll('.circuit .edge.lit').length > 0 && document.querySelectorAll('.circuit .edge.dim').length > 0")
        self.assertEqual(shown.text_content(".node-name"), name)
        shown.click("#cut-node")
        until(shown, "document.querySelectorAll('.branch').length === 2")
        self.assertEqual(self.run_id(shown), run)

    def test_the_circuit_of_a_prompt_s_token_is_asked_for(self):
        run = self.start(prompt=GIVER, max_tokens=1)
        shown = self.opened(f"?run={run}&panels=circuit&token=9")
        shown.wait_for_selector(".circuit svg")
        self.assertIn("John", shown.text_content(".circuit .node.logit"))


class Analyses(PageTest):
    def test_a_sweep_is_set_up_by_clicking_and_is_the_server_s(self):
        shown = self.opened("?panels=analyses", color_scheme="light")
        shown.select_option("#sweep-kind", "ablation")
        shown.select_option("#sweep-component", "z")
        shown.click("#sweep-start")
        shown.wait_for_selector(".panel-analyses .matrix[data-columns='4']")
        effect = shared().json("POST", "/v1/analyses", {"analysis": "ablation", "component": "z", "clean": GIVER, "answer": " Mary", "wrong": " John"})["effect"]
        box = ".panel-analyses .matrix"
        for layer, head in ((4, 0), (6, 0), (20, 2)):
            shown.locator(box).hover(position=self.cell(shown, box, layer, head))
            self.assertIn(f"{abs(effect[layer][head]):.4g}"[:5], shown.text_content("#tip"))
        shown.locator(box).click(position=self.cell(shown, box, 4, 0))
        self.assertEqual((self.run_id(shown, "layer"), self.run_id(shown, "head")), ("4", "0"))
        shown.fill("#sweep-wrong", " two tokens or more")
        shown.click("#sweep-start")
        shown.wait_for_selector(".panel-analyses .emptiness[data-state=failed]")
        # A browser complains of every answer that is a refusal.
        self.assertIn("400", shown.complaints.pop())

    def test_a_documented_scenario_is_one_click(self):
        shown = self.opened("?panels=analyses")
        shown.click("[data-scenario=factual_recall]")
        self.finished(shown)
        self.assertIn("Paris", "".join(shown.locator("#strip .chip:not([data-prompt])").all_text_contents()))


if __name__ == "__main__":
    unittest.main()
