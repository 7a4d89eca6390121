"""Breakpoints of the page: set before a run, they stand it where the server's numbers say, and it goes on."""

import json
import math
import unittest

from dashboard import GIVER, PageTest, says, until
from server import shared


class Breakpoints(PageTest):
    def paused(self, shown):
        shown.wait_for_selector("#run-state[data-state=paused]")
        until(shown, "document.getElementById('run-state').textContent.includes('by a breakpoint')")

    def ignore_end(self, shown):
        shown.wait_for_selector("#start:not([disabled])")
        shown.click("#sampling summary")
        shown.check("#ignoreEos")

    def fired(self, run):
        return self.events(run, "watch.fired")

    def test_a_run_stands_at_the_token_that_surprises_and_goes_on(self):
        tokens = self.events(self.start(prompt=GIVER, max_tokens=12, ignore_eos=True), "run.started", "token")
        prompt = len(tokens.pop(0)["prompt"]["pieces"])
        surprises = [-token["logprob"] for token in tokens]
        # Between the two largest: one token fires it.
        second, first = sorted(surprises)[-2:]
        step = surprises.index(first)
        bits = (first + second) / 2 / math.log(2)
        shown = self.opened("?panels=watch", color_scheme="light")
        self.ignore_end(shown)
        shown.fill("#watch-bound", f"{bits:.6f}")
        shown.click("#watch-add")
        until(shown, "document.querySelectorAll('#watches li').length === 1")
        says(shown, "#in-force", "One breakpoint is set")
        run = self.start_plain(shown, tokens=12)
        self.paused(shown)
        says(shown, "#run-state", f"at token {step + 1}")
        position = str(prompt + step)
        until(shown, "position => document.querySelector('.chip.fired')?.dataset.position === position", position)
        self.assertEqual(shown.locator(".chip.fired").count(), 1)
        self.assertEqual(self.run_id(shown, "token"), position)
        says(shown, f"#fired tr[data-position='{position}'] .number", f"{first / math.log(2):.4g} bits")
        says(shown, "#stopped", "surprise above")
        until(shown, "count => document.querySelectorAll('#strip .chip:not([data-prompt])').length === count", step + 1)
        shown.click("#stopped-resume")
        self.finished(shown)
        until(shown, "document.querySelectorAll('#strip .chip:not([data-prompt])').length === 12")
        shown.wait_for_selector("#stopped", state="detached")
        event, = self.fired(run)
        self.assertEqual((event["position"], event["done"], event["step"]), (int(position), "paused", step))
        # Taken off, the same run is not stopped.
        shown.click("#watches .close")
        until(shown, "document.querySelectorAll('#watches li').length === 0")
        again = self.start_plain(shown, tokens=12)
        self.finished(shown)
        self.assertEqual((self.fired(again), shown.locator(".chip.fired").count()), ([], 0))

    def test_a_number_of_a_layer_is_held_against_a_bound_and_marks(self):
        hook = {"layer_name": "transformer.h.9", "component": "mlp", "reduce": "norm", "dtype": "f32"}
        run = self.start(prompt=GIVER, max_tokens=6, ignore_eos=True, activation_hooks=[hook])
        norms = {}
        for event in self.events(run, "activation"):
            for place, norm in enumerate(event["data"][0]):
                norms[event["positions"][0] + place] = norm
        later = sorted(norms[position] for position in norms if position >= 15)
        bound = (later[-1] + later[-2]) / 2
        shown = self.opened("?panels=watch")
        self.ignore_end(shown)
        for name, value in {"subject": "mlp", "layer": "9", "then": "snapshot", "positions": "last"}.items():
            shown.select_option(f"#watch-{name}", value)
        shown.fill("#watch-bound", f"{bound:.7g}")
        shown.click("#watch-add")
        until(shown, "document.getElementById('watches').textContent.includes('the size of the MLP\\'s output of layer 9')")
        run = self.start_plain(shown, tokens=6)
        self.finished(shown)
        fired = self.fired(run)
        self.assertTrue(fired)
        until(shown, "count => document.querySelectorAll('#fired tr').length === count", len(fired))
        told = shown.locator("#fired tr").evaluate_all("all => all.map((one) => [Number(one.dataset.position), one.querySelector('.number').textContent])")
        for (position, value), event in zip(told, fired):
            self.assertEqual((position, event["done"]), (event["position"], "snapshot"))
            self.assertAlmostEqual(float(value), norms[position], delta=1e-3 * norms[position])
            self.assertGreater(norms[position], bound)
        with shown.expect_download() as saved:
            shown.click("#fired button:text('save its row')")
        with open(saved.value.path()) as file:
            row = json.load(file)["snapshot"]
        self.assertAlmostEqual(math.hypot(*row["data"]), fired[0]["value"], delta=1e-3 * fired[0]["value"])

    def test_a_layer_is_held_against_the_direction_of_a_token(self):
        shown = self.opened("?panels=watch")
        self.ignore_end(shown)
        self.start_plain(shown, tokens=4)
        self.finished(shown)
        for name, value in {"subject": "residual", "layer": "9", "reduce": "along", "then": "mark"}.items():
            shown.select_option(f"#watch-{name}", value)
        shown.fill("#watch-bound", "0")
        shown.click("#watch-add")
        until(shown, "document.getElementById('status').textContent.startsWith('Choose a token first')")
        shown.click(".chip[data-position='1']")
        shown.select_option("#watch-layer", "9")
        shown.click("#watch-add")
        until(shown, "document.getElementById('watches').textContent.includes('token 1 of this run, less the mean of its text')")
        vector = shown.evaluate("JSON.parse(localStorage.getItem('neuroscope.view.watches'))[0].spec.hook.reduce.project[0]")
        self.assertAlmostEqual(math.hypot(*vector), 1, delta=1e-6)
        hook = {"layer_name": "transformer.h.9", "component": "residual"}
        rows = self.events(self.start(prompt=GIVER, max_tokens=1, activation_hooks=[{**hook, "dtype": "f32"}]), "activation")[0]["data"][0]
        found = [sum(a * b for a, b in zip(row, vector)) for row in rows]
        first = next(place for place, value in enumerate(found) if value > 0)
        run = self.start_plain(shown, tokens=4)
        self.finished(shown)
        event = self.fired(run)[0]
        self.assertEqual((event["position"], event["count"]), (first, sum(value > 0 for value in found)))
        until(shown, "document.querySelectorAll('#fired tr').length > 0")
        told = float(shown.text_content("#fired tr .number"))
        self.assertAlmostEqual(told, found[first], delta=1e-3 * abs(found[first]) + 1e-4)

    def test_a_text_stops_it_and_a_run_beside_is_only_marked(self):
        shown = self.opened("?panels=watch,change")
        self.ignore_end(shown)
        shown.select_option("#watch-subject", "text")
        shown.fill("#watch-text", " Mary")
        shown.click("#watch-add")
        shown.click("#watch-add")
        until(shown, "document.querySelectorAll('#watches li').length === 1")
        shown.reload()
        until(shown, "document.querySelectorAll('#watches input:checked').length === 1")
        self.ignore_end(shown)
        self.start_plain(shown, tokens=4)
        self.paused(shown)
        until(shown, "document.querySelector('.chip.fired')?.textContent === '·Mary'")
        shown.keyboard.press("Escape")
        shown.evaluate("document.activeElement.blur()")
        shown.keyboard.press("p")
        self.finished(shown)
        shown.select_option("#change-part", "mlp")
        shown.select_option("#change-layer", "3")
        shown.select_option("#change-kind", "scale")
        shown.fill("#change-strength", "1")
        shown.click("#change-add")
        beside = until(shown, "new URLSearchParams(location.search).get('versus')")
        shared().wait(beside, "finished")
        self.assertEqual([event["done"] for event in self.fired(beside)], ["marked"])

    def test_a_run_that_stands_goes_on_in_a_branch_with_other_breakpoints(self):
        shown = self.opened("?panels=watch")
        self.ignore_end(shown)
        shown.select_option("#watch-subject", "text")
        shown.fill("#watch-text", " Mary")
        shown.click("#watch-add")
        first = self.start_plain(shown, tokens=6)
        self.paused(shown)
        self.assertEqual(shown.locator("#stopped-branch").count(), 0)
        shown.click("#watches .close")
        says(shown, ".panel-watch", "next run")
        shown.click("#stopped-branch")
        until(shown, "first => new URLSearchParams(location.search).get('run') !== first", first)
        self.finished(shown)
        branch = self.run_id(shown)
        self.assertEqual(shared().json("GET", f"/v1/runs/{branch}")["parent_run_id"], first)
        self.assertEqual(shared().json("GET", f"/v1/runs/{first}")["status"], "paused")
        answered = "[...document.querySelectorAll('.chip:not([data-prompt])')].map((one) => one.textContent)"
        until(shown, f"{answered}.length === 6")
        self.assertEqual(shown.evaluate(answered)[0], "·Mary")
        until(shown, "document.querySelectorAll('.branch').length === 2")

    def test_what_can_t_be_watched_for_is_told(self):
        shown = self.opened("?panels=watch")
        shown.wait_for_selector("#start:not([disabled])")
        shown.fill("#watch-bound", "many")
        shown.click("#watch-add")
        until(shown, "document.getElementById('status').textContent.includes('Write the number')")
        shown.select_option("#watch-subject", "pattern")
        self.assertTrue(shown.evaluate("document.querySelector('#watch-condition [value=changes_by]').disabled"))
        shown.select_option("#watch-then", "snapshot")
        shown.select_option("#watch-subject", "text")
        self.assertEqual(shown.input_value("#watch-then"), "mark")
        self.assertEqual(shown.locator("#watches li").count(), 0)


if __name__ == "__main__":
    unittest.main()
