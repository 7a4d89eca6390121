"""Measures the page while runs stream into it: frames drawn a second, from a tensor's arrival to its pixels, blocked time, memory.

    NEUROSCOPE_BINARY=… ../../.venv-clients/bin/python measure_page.py [tokens] [runs]

Nothing is asserted: a clock in CI tells of the machine. Figures go to Tests/Peers/RESULTS.md, with date, commit and command.
"""

import statistics
import sys

from browser import page
from dashboard import until
from server import shared

# Told by the page itself: each frame of the screen, each message of the socket with a tensor, each task over 50 ms.
WATCH = """() => {
  const found = window.measured = {frames: [], delays: [], long: [], waiting: []};
  new PerformanceObserver((list) => found.long.push(...list.getEntries().map((one) => one.duration))).observe({type: "longtask"});
  const add = WebSocket.prototype.__lookupSetter__("onmessage");
  Object.defineProperty(WebSocket.prototype, "onmessage", {configurable: true, set(take) {
    add.call(this, (event) => {
      if (typeof event.data !== "string") found.waiting.push(performance.now());
      take(event);
    });
  }});
  const tick = (now) => {
    found.frames.push(now);
    const shown = performance.now();
    for (const one of found.waiting.splice(0)) found.delays.push(shown - one);
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
}"""


def measure(tokens, runs):
    with page("about:blank", viewport={"width": 1440, "height": 1000}) as shown:
        shown.add_init_script(f"({WATCH})()")
        shown.goto(f"{shared().url}/?panels=map,attention,lens")
        shown.wait_for_selector("#start:not([disabled])")
        memory = shown.context.new_cdp_session(shown)
        shown.click("#sampling summary")
        shown.check("#ignoreEos")
        shown.fill("#prompt", "Once upon a time")
        shown.fill("#maxTokens", str(tokens))
        for number in range(runs):
            before = shown.evaluate("new URLSearchParams(location.search).get('run')")
            shown.evaluate("Object.assign(window.measured, {frames: [], delays: [], long: []})")
            shown.click("#start")
            until(shown, "before => new URLSearchParams(location.search).get('run') !== before", before)
            shown.wait_for_selector("#run-state[data-state=done], #run-state[data-state=gap]", timeout=120_000)
            found = shown.evaluate("window.measured")
            state = shown.text_content("#run-state")
            memory.send("HeapProfiler.collectGarbage")
            heap = shown.evaluate("performance.memory.usedJSHeapSize") / 1e6
            seconds = (found["frames"][-1] - found["frames"][0]) / 1000
            print(f"run {number + 1}: {state}; {len(found['frames']) / seconds:.0f} frames/s, tensors to pixels median "
                  f"{statistics.median(found['delays'] or [0]):.0f} ms of {len(found['delays'])}, longest task {max(found['long'] or [0]):.0f} ms, "
                  f"heap {heap:.0f} MB")


if __name__ == "__main__":
    measure(int(sys.argv[1]) if len(sys.argv) > 1 else 200, int(sys.argv[2]) if len(sys.argv) > 2 else 10)
