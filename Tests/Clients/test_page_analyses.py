"""Analyses of many passes on the page: paths, jobs that go on by themselves, and what the heads are called."""

import re
import unittest

from browser import page
from dashboard import GIVER, PageTest, says, until
from server import Server, shared
from test_page_panels import AGAINST, ramp

CORRUPTED = "When Mary and John went to the store, Mary gave a drink to"
CONTRAST = {"clean": GIVER, "corrupted": CORRUPTED, "answer": " Mary", "wrong": " John"}


class Analyses(PageTest):
    def jobs(self, shown):
        return shown.locator("#jobs tr").evaluate_all("all => all.map((one) => one.dataset.job)")

    def test_paths_are_followed_from_the_answer_back_by_clicking(self):
        shown = self.opened("?panels=analyses", color_scheme="light")
        shown.wait_for_selector("#start:not([disabled])")
        shown.select_option("#sweep-kind", "path_patching")
        says(shown, "#receivers", "the scores")
        shown.click("#sweep-start")
        box = ".panel-analyses .matrix"
        shown.wait_for_selector(f"{box}[data-columns]")
        found = shared().json("POST", "/v1/analyses", {"analysis": "path_patching", **CONTRAST, "receivers": [{"component": "logits"}]})
        effects = {(group[0]["layer"], group[0]["head"]): row[0] for group, row in zip(found["senders"], found["effect"])}
        most = max(abs(effect) for effect in effects.values())
        best = max(effects, key=effects.get)
        for layer, head in (best, (0, 0), (11, 2)):
            place = self.cell(shown, box, layer, head)
            colour = self.colour_at(shown, box, place)
            expected = ramp(AGAINST, (effects[layer, head] / most + 1) / 2)
            self.assertTrue(all(abs(a - b) <= 3 for a, b in zip(colour, expected)), (layer, head, colour, expected))
        # The strongest head is the next one whose inputs are asked about.
        shown.locator(box).click(position=self.cell(shown, box, *best))
        self.assertEqual((self.run_id(shown, "layer"), self.run_id(shown, "head")), (str(best[0]), str(best[1])))
        until(shown, "best => document.getElementById('receiver-layer').value === best", str(best[0]))
        shown.select_option("#receiver-part", "v")
        shown.select_option("#path-frozen", "heads")
        shown.click("#receiver-add")
        says(shown, "#receivers li", f"values of head {best[1]} of layer {best[0]}")
        shown.click("#sweep-start")
        until(shown, "best => document.querySelector('.panel-analyses .matrix').dataset.rows === best", str(best[0]))
        second = shared().json("POST", "/v1/analyses", {
            "analysis": "path_patching", **CONTRAST, "frozen": ["heads"],
            "receivers": [[{"component": "v", "layer": best[0], "head": best[1]}]]})
        self.assertEqual({group[0]["layer"] for group in second["senders"]}, set(range(best[0])))
        effects = {(group[0]["layer"], group[0]["head"]): row[0] for group, row in zip(second["senders"], second["effect"])}
        place = max(effects, key=lambda one: abs(effects[one]))
        shown.locator(box).hover(position=self.cell(shown, box, *place))
        told = re.search(r"gives ([+−]?)([\d.]+) % of the difference", shown.text_content("#tip"))
        self.assertEqual(told[1] == "−", effects[place] < 0)
        self.assertAlmostEqual(float(told[2]), abs(effects[place] * 100), delta=1e-2 + 1e-3 * abs(effects[place] * 100))
        shown.click("#receivers .close")
        shown.click("#sweep-start")
        until(shown, "document.querySelector('.panel-analyses .emptiness[data-state=failed]')?.textContent.includes('Add what is read')")

    def test_an_analysis_goes_on_by_itself_and_its_result_is_opened(self):
        shown = self.opened("?panels=analyses")
        shown.wait_for_selector("#start:not([disabled])")
        before = {run["run_id"] for run in shared().json("GET", "/v1/runs")["runs"]}
        shown.select_option("#sweep-kind", "ablation")
        shown.select_option("#sweep-component", "z")
        shown.check("#sweep-detach")
        shown.click("#sweep-start")
        mine = "before => [...document.querySelectorAll('#jobs tr')].map((one) => one.dataset.job).find((id) => !before.includes(id))"
        job = until(shown, mine, list(before))
        shown.wait_for_selector(f"#jobs [data-job={job}][data-state=finished]")
        # Another page, which did not ask, sees it too.
        other = self.opened("?panels=")
        other.click("#runs summary")
        other.click(f"[data-run={job}]")
        other.click(f"#jobs [data-job={job}] button:text('open')")
        other.wait_for_selector(".panel-analyses .matrix[data-columns]")
        result = shared().json("GET", f"/v1/runs/{job}")["result"]
        effect = result["effect"][10][2]
        other.locator(".panel-analyses .matrix").hover(position=self.cell(other, ".panel-analyses .matrix", 10, 2))
        self.assertIn("layer 10, head 2", other.text_content("#tip"))
        self.assertIn(f"{abs(effect):.4g}"[:5], other.text_content("#tip"))
        shown.click(f"#jobs [data-job={job}] button:text('forget')")
        until(shown, "job => !document.querySelector(`[data-job=${job}]`)", job)
        self.assertEqual(shared().call("GET", f"/v1/runs/{job}")[0], 404)

    def test_jobs_of_others_are_paused_cancelled_and_graphs_opened(self):
        job = shared().json("POST", "/v1/analyses", {"analysis": "ablation", "component": "z", "detach": True,
                            "clean": GIVER, "answer": " Mary", "wrong": " John"})["run_id"]
        shared().json("POST", f"/v1/runs/{job}/pause")
        shown = self.opened("?panels=analyses")
        row = f"#jobs [data-job={job}]"
        shown.wait_for_selector(f"{row}[data-state=paused]")
        done = shared().json("GET", f"/v1/runs/{job}")["job"]["done"]
        self.assertEqual(shown.evaluate("row => document.querySelector(row).querySelector('progress').value", row), done)
        shown.click(f"{row} button:text('cancel')")
        shown.wait_for_selector(f"{row}[data-state=cancelled]")
        graph = shared().json("POST", "/v1/analyses", {"analysis": "attribution_graph", "prompt": GIVER, "detach": True})["run_id"]
        shared().wait(graph, "finished")
        shown.wait_for_selector(f"#jobs [data-job={graph}][data-state=finished]")
        shown.click(f"#jobs [data-job={graph}] button:text('open')")
        shown.wait_for_selector(".panel-graph .circuit svg")
        self.assertEqual(self.run_id(shown, "graph"), shared().json("GET", f"/v1/runs/{graph}")["result"]["slug"])

    def test_a_measurement_is_stopped_by_who_asked(self):
        shown = self.opened("?panels=analyses")
        shown.wait_for_selector("#start:not([disabled])")
        # Many passes, so that it is still under way when it is stopped.
        shown.fill("#sweep-clean", f"{GIVER} ".replace(" ", " Mary ") * 8)
        shown.fill("#sweep-corrupted", f"{GIVER} ".replace(" ", " Mary ") * 8)
        shown.click("#sweep-start")
        shown.click("#sweep-stop")
        shown.wait_for_selector(".panel-analyses .emptiness", state="detached")
        until(shown, """async () => (await (await fetch("v1/runs")).json()).runs.filter((run) => run.job && !run.detached)
            .every((run) => ["finished", "cancelled", "failed"].includes(run.status))""")


class HeadNames(PageTest):
    def test_heads_are_named_in_a_list_and_in_the_pictures_of_attention(self):
        server = Server()
        self.addCleanup(server.stop)
        manager = page(f"{server.url}/?panels=analyses,attention", viewport={"width": 1440, "height": 1000}, color_scheme="light")
        shown = manager.__enter__()
        self.addCleanup(manager.__exit__, None, None, None)
        shown.wait_for_selector("#connection[data-state=open]")
        self.run_plain(shown)
        shown.wait_for_selector("#attention-name-heads")
        shown.click("#name-heads")
        shown.wait_for_selector("#head-names", timeout=300_000)
        model = server.json("GET", "/v1/models")["models"][0]["model_id"]
        found = server.json("GET", f"/v1/models/{model}/heads")
        for kind in found["kinds"]:
            expected = sorted(((one["kinds"][kind["name"]], one["layer"], one["head"]) for one in found["heads"] if kind["name"] in one["kinds"]), reverse=True)
            told = shown.locator(f"#head-names [data-kind={kind['name']}] .named-head").all_text_contents()
            self.assertEqual(sorted(told), sorted(f"{layer}.{head}" for _, layer, head in expected[:40]))
        one = next(one for one in found["heads"] if one["kinds"])
        kind, score = max(one["kinds"].items(), key=lambda item: item[1])
        shown.click(f".named-head[data-layer='{one['layer']}'][data-head='{one['head']}'] >> nth=0")
        self.assertEqual((self.run_id(shown, "layer"), self.run_id(shown, "head")), (str(one["layer"]), str(one["head"])))
        until(shown, "score => document.getElementById('attention-words').textContent.includes(score)", f"{kind.replace('_', ' ').replace('s inhibition', 'S-inhibition')} {score:.2f}")
        says(shown, "#attention-names", "P previous token")
        # Once asked, they are there again.
        shown.reload()
        shown.wait_for_selector("#head-names")
        shown.wait_for_selector(".panel-attention .matrix[data-columns]")
        says(shown, "#attention-names", "P previous token")
        box = ".panel-attention .matrix >> nth=0"
        data = {name: float(shown.locator(box).get_attribute(f"data-{name}")) for name in ("across", "down", "side")}
        shown.locator(box).hover(position={"x": data["side"] + (one["layer"] + 0.5) * data["across"], "y": (one["head"] + 0.5) * data["down"]})
        self.assertIn(f"{score:.2f}", shown.text_content("#tip"))


if __name__ == "__main__":
    unittest.main()
