"""The page for everybody: names, contrast in both themes, order of focus, keys alone, hostile text, cut connections."""

import unittest

from dashboard import GIVER, PageTest, until
from server import shared

# What a reader of the screen would say of every control, and what has no name.
NAMELESS = """() => [...document.querySelectorAll("button, a[href], input, select, textarea, summary, [tabindex='0'], [role=button]")]
  .filter((one) => one.getClientRects().length)
  .filter((one) => !(one.getAttribute("aria-label") || one.textContent.trim() || one.labels?.length && [...one.labels].some((label) => label.textContent.trim())
    || one.getAttribute("aria-labelledby") || one.getAttribute("title")))
  .map((one) => one.outerHTML.slice(0, 120))"""

# Text whose contrast with what lies behind it is under the least that WCAG 2.2 asks for (4.5, large text 3).
FAINT = """() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const parse = (text) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = text;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const linear = (value) => value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const over = ([r, g, b, a], [x, y, z]) => [r * a + x * (1 - a), g * a + y * (1 - a), b * a + z * (1 - a), 1];
  const ground = (one) => {
    const layers = [];
    for (let at = one; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      layers.push(colour);
      if (colour[3] === 1) break;
    }
    return layers.reverse().reduce((below, colour) => over(colour, below), [255, 255, 255, 1]);
  };
  const found = [];
  for (const one of document.querySelectorAll("body *")) {
    const text = [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const style = getComputedStyle(one);
    if (!text || !one.getClientRects().length || style.visibility === "hidden" || one.closest(":disabled, .unseen, svg, option, noscript")) continue;
    const behind = ground(one);
    const ink = over(parse(style.color), behind);
    const [high, low] = [light(ink), light(behind)].sort((a, b) => b - a);
    const ratio = (high + 0.05) / (low + 0.05);
    const isLarge = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
    if (ratio < (isLarge ? 3 : 4.5)) found.push([ratio.toFixed(2), one.tagName, one.className, one.textContent.slice(0, 30)]);
  }
  return found;
}"""


class Access(PageTest):
    def everything(self, theme):
        panels = "why,map,lens,attention,change,circuit,recordings,analyses,graph,watch"
        run = self.start(prompt=GIVER, max_tokens=3)
        graph = shared().json("POST", "/v1/analyses", {"analysis": "attribution_graph", "prompt": GIVER})["slug"]
        shown = self.opened(f"?run={run}&token=14&graph={graph}&panels={panels}", color_scheme=theme)
        self.finished(shown)
        shown.wait_for_selector("#cut-strongest")
        shown.wait_for_selector(".attention-large[data-columns]")
        return shown

    def test_everything_has_a_name_and_is_read_easily_in_both_themes(self):
        for theme in ("light", "dark"):
            shown = self.everything(theme)
            shown.click("#verify")
            shown.wait_for_selector("#check .curve")
            for colour in ("surprise", "probability", "entropy", "norm"):
                shown.select_option("#colour", colour)
                shown.wait_for_timeout(80)
                self.assertEqual(shown.evaluate(FAINT), [], f"{theme}, {colour}")
            self.assertEqual(shown.evaluate(NAMELESS), [])
            ids = shown.evaluate("[...document.querySelectorAll('[id]')].map((one) => one.id)")
            self.assertEqual(len(ids), len(set(ids)))
            headings = shown.evaluate("[...document.querySelectorAll('h1, h2, h3')].map((one) => Number(one.tagName[1]))")
            self.assertTrue(all(after - before <= 1 for before, after in zip(headings, headings[1:])), headings)

    def test_a_circuit_is_cut_with_the_keyboard_alone(self):
        shown = self.opened("?panels=why")
        shown.wait_for_selector("#start:not([disabled])")
        shown.keyboard.press("i")
        shown.keyboard.type(GIVER)
        shown.keyboard.press("Enter")
        self.finished(shown)
        shown.keyboard.press("Escape")
        for _ in range(3):
            shown.keyboard.press("h")
        until(shown, "new URLSearchParams(location.search).get('token') !== null")
        position = shown.locator(".chip:not([data-prompt])").first.get_attribute("data-position")
        while self.run_id(shown, "token") != position:
            shown.keyboard.press("h")
        shown.wait_for_selector("#cut-strongest")
        until(shown, "document.querySelector('.why-list .number')?.textContent.includes('without')")
        seen = []
        for _ in range(200):
            shown.keyboard.press("Tab")
            seen.append(shown.evaluate("document.activeElement.id"))
            if seen[-1] == "cut-strongest":
                break
        self.assertEqual(seen[-1], "cut-strongest")
        shown.keyboard.press("Enter")
        until(shown, "document.querySelectorAll('.branch').length === 2")

    def test_focus_goes_down_the_page_and_is_seen(self):
        shown = self.everything("light")
        shown.evaluate("document.body.focus()")
        places = []
        for _ in range(40):
            shown.keyboard.press("Tab")
            place = shown.evaluate("""() => {
              const one = document.activeElement;
              const style = getComputedStyle(one);
              return [one.tagName, style.outlineStyle !== "none" || one.matches(".skip"), [...document.querySelectorAll("*")].indexOf(one)];
            }""")
            self.assertTrue(place[1], place)
            places.append(place[2])
        self.assertEqual(places, sorted(places))

    def test_hostile_text_is_text(self):
        texts = ["<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>", "\u202eabc\u2066def\u200b",
                 "👨‍👩‍👧‍👦🏳️‍🌈" * 6, "x" * 450, "\"'`{{constructor}}</textarea></title>"]
        for text in texts:
            run = self.start(prompt=text, max_tokens=2)
            shown = self.opened(f"?run={run}&token=2&panels=why,map,lens,attention,change", viewport={"width": 900, "height": 800})
            self.finished(shown)
            shown.wait_for_timeout(300)
            self.assertEqual(shown.title(), "NeuroScope")
            self.assertEqual(shown.locator("#strip img, #strip script, #inspector img").count(), 0)
            self.assertLessEqual(shown.evaluate("document.documentElement.scrollWidth"), 900)
            self.assertNotRegex(shown.text_content("#strip"), "[\u202a-\u202e\u2066-\u2069\u200b]")
        other = self.opened("?run=%3Cimg%20src%3Dx%3E&panels=map,%3Cscript%3E,constructor&colour=__proto__&token=999999&layer=1e9")
        other.wait_for_selector("#strip .emptiness[data-state=failed]")
        self.assertEqual(other.locator("#strip img").count(), 0)
        # A browser complains of every answer that is a refusal.
        self.assertIn("404", other.complaints.pop())

    def test_two_pages_on_one_run_see_the_same_change(self):
        run = shared().json("POST", "/v1/runs", {"prompt": "Once upon a time", "max_tokens": 40, "ignore_eos": True, "detach": True, "start": "paused"})["run_id"]
        one, other = self.opened(f"?run={run}&panels=change"), self.opened(f"?run={run}&panels=change")
        for shown in (one, other):
            shown.wait_for_selector("#step:not([disabled])")
        one.click("#step-ten")
        until(other, "document.querySelectorAll('#strip .chip:not([data-prompt])').length === 10")
        one.select_option("#change-part", "mlp")
        one.click("#change-add")
        one.click("#changes button:text('apply now')")
        one.wait_for_selector("#step:not([disabled])")
        one.click("#step")
        until(other, "document.getElementById('changes').textContent.includes('in this run since pass')")
        other.wait_for_selector(".chip.affected")
        other.click("#changes button:text('take off')")
        other.click("#step")
        until(one, "!document.getElementById('changes').textContent.includes('in this run since pass')")


if __name__ == "__main__":
    unittest.main()
