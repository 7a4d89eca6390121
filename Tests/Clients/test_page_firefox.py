"""The page in Firefox, from the first look to the changed answer: what it draws with is there, and nothing is complained of."""

import unittest

from firefox import FIREFOX, Firefox
from server import shared


@unittest.skipUnless(FIREFOX, "there is no firefox-esr here")
class Smoke(unittest.TestCase):
    def test_a_newcomer_cuts_the_cause_and_the_answer_changes(self):
        shown = Firefox()
        self.addCleanup(shown.close)
        shown.goto(shared().url)
        shown.until("document.querySelector('.starter')?.disabled === false")
        shown.click(".starter")
        shown.until("document.getElementById('run-state').dataset.state === 'done'")
        self.assertEqual(shown.evaluate("document.querySelector('.chip:not([data-prompt])').textContent"), "·Mary")
        for panel in ("map", "lens", "attention"):
            shown.click(f"#toggle-{panel}")
            shown.until(f"document.querySelector('.panel-{panel} .matrix[data-columns]')?.clientWidth > 0")
        shown.until("document.querySelector('.panel-circuit .node') !== null")
        shown.click(".chip:not([data-prompt])")
        shown.until("document.querySelector('.why-list .number')?.textContent.includes('without')")
        shown.click("#cut-strongest")
        shown.until("document.querySelector('#answers .answer-side:last-child p')?.textContent.includes('John')")
        self.assertEqual(shown.complaints, [])


if __name__ == "__main__":
    unittest.main()
