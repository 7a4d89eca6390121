"""What the panels of the page draw is what the server computed: pixels and words against the numbers of the API."""

import json
import math
import unittest

from dashboard import GIVER, PageTest, drawn, until
from server import shared

# The stops of the page's ramps in the light theme, as its colours.js has them.
HEAT = ["#f3f1ec", "#cfe3dc", "#93c9bf", "#4fa9a3", "#1f8088", "#185a73", "#182f55"]
AGAINST = ["#8c3a12", "#c8703a", "#e8b48c", "#f4f1ec", "#93b9dc", "#3f7ab8", "#15457f"]
ATTENTION = ["#f6f4ef", "#e6d8ef", "#c9a9df", "#a376c9", "#7c45ab", "#571f86", "#33095a"]


def ramp(stops, share):
    """The colour of a share between 0 and 1."""
    place = round(min(max(share, 0), 1) * 255) / 255 * (len(stops) - 1)
    low = min(int(place), len(stops) - 2)
    parts = [[int(stop[at:at + 2], 16) for at in (1, 3, 5)] for stop in stops[low:low + 2]]
    return [a + (b - a) * (place - low) for a, b in zip(*parts)]


def logprobs(logits):
    high = max(logits)
    shift = high + math.log(sum(math.exp(one - high) for one in logits))
    return [one - shift for one in logits]


class Panels(PageTest):
    def assertColour(self, found, expected):
        self.assertTrue(all(abs(a - b) <= 3 for a, b in zip(found, expected)), (found, expected))

    def norms(self, run):
        found = {}
        for event in self.events(run, "activation"):
            for place, norm in enumerate(event["data"][0]):
                found[int(event["hook_id"].split(".")[-1]), event["positions"][0] + place] = norm
        return found

    def ask(self, **body):
        """The result of the only analysis of one pass."""
        run = self.start(max_tokens=1, **body)
        return self.events(run, "analysis")[0]["result"]


class Tokens(Panels):
    def test_chips_are_coloured_by_surprise_and_tell_alternatives(self):
        shown = self.opened("?panels=", color_scheme="light")
        run = self.run_plain(shown)
        tokens = self.events(run, "token")
        prompt = len(self.events(run, "run.started")[0]["prompt"]["pieces"])
        lens = next(event["result"] for event in self.events(run, "analysis") if event["name"] == "logit_lens")
        logprobs = {position + 1: reading["target"]["logprob"] for position, reading in zip(lens["positions"], lens["predictions"][-1])
                    if position + 1 < prompt}
        logprobs |= {prompt + token["step"]: token["logprob"] for token in tokens}
        for position, logprob in logprobs.items():
            chip = shown.locator(f".chip[data-position='{position}']")
            colour = chip.evaluate("chip => getComputedStyle(chip).backgroundColor.match(/\\d+/g).map(Number)")
            self.assertColour(colour, ramp(HEAT, min(-logprob / math.log(2) / 10, 1) * 0.9))
        shown.hover(f".chip[data-position='{prompt}']")
        told = shown.text_content("#tip")
        for one in tokens[0]["top"][:5]:
            self.assertIn(one["text"].strip(), told)

    def test_a_click_chooses_shift_click_a_range_and_keys_walk(self):
        shown = self.opened(f"?panels=&run={self.start(prompt=GIVER, max_tokens=3)}")
        self.finished(shown)
        shown.click(".chip[data-position='4']")
        shown.click(".chip[data-position='7']", modifiers=["Shift"])
        self.assertEqual(shown.locator(".chip[aria-pressed=true]").count(), 4)
        self.assertEqual((self.run_id(shown, "token"), self.run_id(shown, "until")), ("4", "7"))
        shown.click(".chip[data-position='4']")
        shown.keyboard.press("ArrowRight")
        self.assertEqual(self.run_id(shown, "token"), "5")
        shown.keyboard.press("Shift+ArrowRight")
        self.assertEqual(self.run_id(shown, "until"), "6")
        shown.keyboard.press("Escape")
        self.assertIsNone(self.run_id(shown, "token"))

    def test_a_run_goes_on_from_a_token_with_another_beside_the_first(self):
        shown = self.opened("?panels=")
        run = self.run_plain(shown)
        started = self.events(run, "run.started")[0]["prompt"]
        prompt = len(started["pieces"])
        shown.click(f".chip[data-position='{prompt}']")
        other = next(one for one in self.events(run, "token")[0]["top"][1:])
        shown.click(".instead >> nth=0")
        until(shown, "document.querySelectorAll('.branch').length === 2")
        branch = self.run_id(shown, "versus")
        self.assertEqual(self.run_id(shown), run)
        shared().wait(branch, "finished")
        self.assertEqual(self.events(branch, "run.started")[0]["prompt"]["token_ids"], started["token_ids"] + [other["token_id"]])
        until(shown, "document.querySelectorAll('.branch-token.differs').length > 0")
        shown.click(f"[data-branch={branch}]")
        self.assertEqual((self.run_id(shown), self.run_id(shown, "versus")), (branch, run))
        shown.fill(".custom", "two tokens at once")
        shown.press(".custom", "Enter")
        until(shown, "document.getElementById('status').textContent.includes('tokens; write one')")


    def test_a_fork_has_what_its_parent_had_said_whatever_that_says_now(self):
        parent = self.start("paused", prompt=GIVER, max_tokens=8, ignore_eos=True, start="paused")
        shown = self.opened(f"?run={parent}&panels=")
        shown.wait_for_selector("#run-state[data-state=paused]")

        def step(count):
            shared().json("POST", f"/v1/runs/{parent}/step", {"count": count})
            until(shown, "count => document.querySelectorAll('#strip .chip:not([data-prompt])').length === count", count)

        step(4)
        answered = "[...document.querySelectorAll('#strip .chip:not([data-prompt])')].map((one) => one.textContent)"
        before = shown.evaluate(answered)
        fork = shared().json("POST", f"/v1/runs/{parent}/fork", {"detach": True, "start": "paused"})["run_id"]
        shared().json("POST", f"/v1/runs/{parent}/rewind", {"to_step": 0})
        until(shown, f"{answered}.length === 1")
        shared().json("POST", f"/v1/runs/{parent}/interventions", {
            "intervention_id": "none", "layer_name": "transformer.h.9", "component": "mlp", "kind": "scale", "strength": 40})
        shared().json("POST", f"/v1/runs/{parent}/step", {"count": 3})
        until(shown, f"{answered}.length === 4")
        self.assertNotEqual(shown.evaluate(answered), before)
        shared().json("POST", f"/v1/runs/{fork}/resume")
        shared().wait(fork, "finished")
        # Known to the page, and not.
        for one in (shown, self.opened("?panels=")):
            one.evaluate("run => { history.pushState(null, '', `?run=${run}&panels=`); dispatchEvent(new PopStateEvent('popstate')); }", fork)
            until(one, f"{answered}.length === 8")
            self.assertEqual(one.evaluate(answered)[:4], before)


class Maps(Panels):
    def test_the_map_is_drawn_from_the_server_s_norms(self):
        shown = self.opened("?panels=map", color_scheme="light")
        run = self.run_plain(shown)
        norms = self.norms(run)
        columns = 1 + max(position for _, position in norms)
        box = ".panel-map .matrix"
        for layer, position in ((0, 0), (5, 3), (12, columns - 1), (23, 1)):
            row = [norms[layer, column] for column in range(1, columns)]
            place = self.cell(shown, box, layer, position)
            share = (norms[layer, position] - min(row)) / (max(row) - min(row))
            self.assertColour(self.colour_at(shown, box, place), ramp(HEAT, share))
            shown.locator(box).hover(position=place)
            told = shown.text_content("#tip")
            self.assertIn(f"layer {layer},", told)
            self.assertIn(f"norm {norms[layer, position]:.4g}", told)

    def test_what_was_drawn_token_by_token_is_what_is_drawn_at_once(self):
        """The panels keep what they drew and add what is new; another theme makes them begin anew."""
        pictures = """async () => {
          const found = {};
          for (const canvas of document.querySelectorAll(".panel canvas.matrix-canvas")) {
            const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
            found[canvas.parentElement.getAttribute("aria-label")] = [...digest].join();
          }
          return found;
        }"""

        def settled():
            """The heads' pictures are painted by and by."""
            before = None
            for _ in range(500):
                drawn(shown)
                if (found := shown.evaluate(pictures)) == before:
                    return found
                before = found
            raise AssertionError("the pictures never came to rest")

        shown = self.opened("?panels=map,attention,lens", color_scheme="light")
        shown.wait_for_selector("#start:not([disabled])")
        shown.click("#sampling summary")
        shown.check("#ignoreEos")
        self.run_plain(shown, tokens=90)
        shown.mouse.move(2, 2)
        grown = settled()
        self.assertEqual(len(grown), 4)
        shown.evaluate("document.activeElement.blur()")
        shown.keyboard.press("t")
        dark = settled()
        self.assertTrue(all(dark[name] != grown[name] for name in grown))
        shown.keyboard.press("t")
        self.assertEqual(settled(), grown)

    def test_a_map_s_cross_hair_is_walked_by_keys_and_enter_chooses(self):
        shown = self.opened("?panels=map")
        self.run_plain(shown)
        shown.focus(".panel-map .matrix")
        for key in ("ArrowUp", "ArrowUp", "ArrowLeft", "Enter"):
            shown.keyboard.press(key)
        self.assertEqual(self.run_id(shown, "layer"), "2")
        self.assertIsNotNone(self.run_id(shown, "token"))

    def test_a_run_made_without_the_hooks_is_read_once_more(self):
        run = self.start(prompt=GIVER, max_tokens=3)
        shown = self.opened(f"?run={run}&panels=map,lens,attention")
        self.finished(shown)
        for panel in ("map", "lens", "attention"):
            shown.wait_for_selector(f".panel-{panel} .matrix[data-columns]")

    def test_a_panel_that_opens_while_a_run_goes_on_fills(self):
        shown = self.opened("?panels=")
        shown.wait_for_selector("#start:not([disabled])")
        shown.click("#sampling summary")
        shown.check("#ignoreEos")
        shown.fill("#maxTokens", "480")
        # The bundled model says all of it in half a second: a hand would come too late.
        shown.evaluate("""() => {
          const pause = document.getElementById("pause");
          const watch = setInterval(() => { if (!pause.disabled) { clearInterval(watch); pause.click(); } }, 1);
        }""")
        shown.click("#start")
        shown.wait_for_selector("#run-state[data-state=paused]")
        shown.keyboard.press("2")
        shown.wait_for_selector("#panel-map .emptiness[data-state=loading]")
        shown.wait_for_timeout(300)
        shown.click("#step-ten")
        shown.wait_for_selector(".panel-map .matrix[data-columns]")
        place = self.cell(shown, ".panel-map .matrix", 5, 3)
        shown.locator(".panel-map .matrix").hover(position=place)
        self.assertTrue(shown.is_hidden("#tip"))
        shown.wait_for_selector("#stop:not([disabled])")
        shown.click("#stop")
        shown.wait_for_timeout(1500)
        shown.mouse.move(2, 2)
        shown.locator(".panel-map .matrix").hover(position=self.cell(shown, ".panel-map .matrix", 5, 3))
        self.assertIn("layer 5, prompt token 3", shown.text_content("#tip"))

    def test_the_lens_says_what_each_layer_would_say(self):
        shown = self.opened("?panels=lens", color_scheme="light")
        run = self.run_plain(shown)
        result = next(event["result"] for event in self.events(run, "analysis") if event["name"] == "logit_lens")
        position = result["positions"][-1]
        box = ".panel-lens .matrix"
        for row in (0, 11, 23):
            best = result["predictions"][row][-1]["top"][0]
            place = self.cell(shown, box, row, position + 1)
            shown.locator(box).hover(position=place)
            told = shown.text_content("#tip")
            self.assertIn(f"layer {result['layers'][row]},", told)
            self.assertIn(best["text"].strip(), told)
            corner = {"x": place["x"] - 31, "y": place["y"] - 7}
            self.assertColour(self.colour_at(shown, box, corner), ramp(HEAT, math.exp(best["logprob"]) * 0.85))


class Attention(Panels):
    def test_the_large_head_and_the_arcs_are_the_pattern(self):
        shown = self.opened("?panels=attention&layer=23&head=0", color_scheme="light")
        run = self.run_plain(shown, tokens=3)
        expected = self.start(prompt=GIVER, max_tokens=1, activation_hooks=[{"layer_name": "transformer.h.23", "component": "attention_pattern"}])
        pattern = self.events(expected, "activation")[0]["data"][0][0]
        prompt = len(pattern)
        shown.click(f".chip[data-position='{prompt}']")
        until(shown, "document.querySelectorAll('.arcs path').length > 0")
        arcs = shown.locator(".arcs path").evaluate_all("all => all.map((one) => [Number(one.dataset.key), Number(one.dataset.weight)])")
        last = pattern[-1]
        self.assertEqual([key for key, _ in arcs], [key for key, weight in enumerate(last[:-1]) if weight >= 0.05])
        for key, weight in arcs:
            self.assertAlmostEqual(weight, last[key], delta=2e-3)
        box = ".attention-large"
        data = {name: float(shown.get_attribute(box, f"data-{name}")) for name in ("across", "down", "side")}
        for query, key in ((3, 0), (9, 1), (prompt - 1, 1)):
            shown.locator(box).scroll_into_view_if_needed()
            place = {"x": data["side"] + (key + 0.5) * data["across"], "y": (query + 0.5) * data["down"]}
            self.assertColour(self.colour_at(shown, box, place), ramp(ATTENTION, math.sqrt(pattern[query][key])))
        self.assertIn("Mary", shown.text_content("#attention-words"))
        self.assertTrue(run)

    def test_a_head_is_picked_from_all_and_named_by_its_scores(self):
        tokens = [929, 1776, 1149, 1757, 1895, 1603, 1210, 1411, 1337, 1042, 1688, 1555] * 2
        run = self.start(tokens=tokens, max_tokens=1, analyses=[{"name": "head_scores"}])
        best = self.events(run, "analysis")[0]["result"]["best"]["induction"]
        shown = self.opened(f"?run={run}&panels=attention")
        self.finished(shown)
        box = ".panel-attention .matrix >> nth=0"
        shown.wait_for_selector(".panel-attention .matrix[data-columns]")
        data = {name: float(shown.locator(box).get_attribute(f"data-{name}")) for name in ("across", "down", "side")}
        shown.locator(box).click(position={"x": data["side"] + (best["layer"] + 0.5) * data["across"], "y": (best["head"] + 0.5) * data["down"]})
        self.assertEqual((self.run_id(shown, "layer"), self.run_id(shown, "head")), (str(best["layer"]), str(best["head"])))
        until(shown, "document.getElementById('attention-words').textContent.includes('induction')")


class Causes(Panels):
    def test_a_newcomer_cuts_the_cause_and_the_answer_changes(self):
        """The first starter, a token, one button: the name is another."""
        shown = self.opened("", color_scheme="light")
        shown.click(".starter >> nth=0")
        self.finished(shown)
        run = self.run_id(shown)
        self.assertEqual(shown.text_content(".chip:not([data-prompt]) >> nth=0"), "·Mary")
        shown.click(".chip:not([data-prompt]) >> nth=0")
        shown.wait_for_selector("#cut-strongest")
        until(shown, "document.querySelectorAll('.why-list li .number').length > 0 && document.querySelector('.why-list .number').textContent.includes('without')")
        self.assertEqual(shown.locator("#against option:checked").text_content(), "·John")
        effects = shared().json("POST", "/v1/analyses", {"analysis": "ablation", "component": "z", "clean": GIVER, "answer": " Mary", "wrong": " John"})["effect"]
        strongest = sorted((effect, layer, head) for layer, row in enumerate(effects) for head, effect in enumerate(row))
        told = shown.locator(".why-list ol >> nth=0").locator("b").all_text_contents()
        self.assertEqual(told, [f"Head {head} of layer {layer}" for _, layer, head in strongest[:6]])
        direct = self.ask(prompt=GIVER, analyses=[{"name": "direct_logit_attribution", "answer": " Mary", "versus": " John"}])
        most = max(abs(value) for row in direct["heads"] for value in row)
        box = ".why-maps figure:nth-child(1) .matrix"
        for layer, head in ((4, 0), (16, 1), (10, 2), (20, 3)):
            place = self.cell(shown, box, layer, head)
            self.assertColour(self.colour_at(shown, box, place), ramp(AGAINST, (direct["heads"][layer][head] / most + 1) / 2))
        shown.click("#cut-strongest")
        until(shown, "document.querySelectorAll('.branch').length === 2")
        changed = until(shown, "new URLSearchParams(location.search).get('versus')")
        shared().wait(changed, "finished")
        self.assertEqual(shared().json("GET", f"/v1/runs/{changed}")["text"].strip()[:4], "John")
        interventions = shared().json("GET", f"/v1/runs/{changed}")["interventions"]
        self.assertEqual({(one["point"], tuple(one["heads"])) for one in interventions},
                         {(f"blocks.{layer}.attn.hook_z", (head,)) for _, layer, head in strongest[:4]})
        until(shown, "document.querySelector('#answers .answer-side:last-child p')?.textContent.includes('John')")
        self.assertEqual(self.run_id(shown), run)

    def test_the_comparison_s_divergence_is_that_of_the_logits(self):
        shown = self.opened("?panels=change")
        self.run_plain(shown, tokens=3)
        for layer in (3, 4):
            shown.select_option("#change-part", "mlp")
            shown.select_option("#change-layer", str(layer))
            shown.click("#change-add")
        until(shown, "document.querySelectorAll('#changes input:checked').length === 2")
        shown.wait_for_selector("#compare")
        changed = until(shown, "new URLSearchParams(location.search).get('versus')")
        shared().wait(changed, "finished")
        rows = {}
        hook = {"layer_name": "lm_head", "component": "logits"}
        started = self.events(self.run_id(shown), "run.started", "token")
        tokens = started[0]["prompt"]["token_ids"] + [event["token_id"] for event in started[1:]]
        for name, interventions in (("p", []), ("q", [{"layer_name": f"transformer.h.{layer}", "component": "mlp", "kind": "zero"} for layer in (3, 4)])):
            run = self.start(tokens=tokens[:-1], max_tokens=1, activation_hooks=[hook], interventions=interventions, frames={"dtype": "f32"})
            rows[name] = self.events(run, "activation")[0]["data"][0]
        shown.wait_for_selector("#compare tbody tr")
        for position in range(len(started[0]["prompt"]["token_ids"]), len(tokens)):
            p, q = (logprobs(rows[name][position - 1]) for name in "pq")
            divergence = sum(math.exp(a) * (a - b) for a, b in zip(p, q))
            told = float(shown.text_content(f"#compare tr[data-position='{position}'] td:last-child"))
            # The logits of this side came through seven decimal digits.
            self.assertAlmostEqual(told, divergence, delta=max(2e-3 * divergence, 1e-5))

    def test_changes_are_switched_kept_over_a_reload_and_removed(self):
        shown = self.opened("?panels=change")
        self.run_plain(shown, tokens=3)
        for kind in ("zero", "scale", "mean"):
            shown.select_option("#change-kind", kind)
            shown.select_option("#change-part", "head")
            shown.select_option("#change-layer", "8")
            shown.click("#change-add")
            until(shown, f"document.querySelector('#changes').textContent.includes('{dict(zero='cut', scale='scale', mean='mean of')[kind]} head 0 of layer 8')")
        shown.click(".chip[data-position='3']")
        shown.select_option("#change-kind", "add")
        shown.select_option("#change-part", "residual")
        shown.click("#change-add")
        until(shown, "document.querySelectorAll('#changes input:checked').length === 4")
        until(shown, "document.querySelector('.branch[data-kind=change] .branch-name')?.textContent === '4 changes'")
        changed = until(shown, "new URLSearchParams(location.search).get('versus')")
        kinds = [one["kind"] for one in shared().json("GET", f"/v1/runs/{changed}")["interventions"]]
        self.assertEqual(kinds, ["zero", "scale", "mean", "add"])
        shown.uncheck("#changes li:nth-child(1) input")
        shown.reload()
        until(shown, "document.querySelectorAll('#changes input').length === 4 && document.querySelectorAll('#changes input:checked').length === 3")
        self.assertIn("3 changes are in force", shown.text_content("#in-force"))
        shown.click(".panel-change .tools button")
        until(shown, "document.querySelectorAll('#changes input').length === 0")


if __name__ == "__main__":
    unittest.main()
