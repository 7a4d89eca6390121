"""Numbers of what honest clients saw, and whether they are within their bounds."""

import math


def percentile(values, share):
    """The value that `share` of them do not exceed; 0 of none."""
    ordered = sorted(values)
    if not ordered:
        return 0.0
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]


def corrected(samples, interval):
    """Waits of somebody who asks every `interval`: while one question waits, those behind it wait as well."""
    full = []
    for wait in samples:
        while wait > 0:
            full.append(wait)
            wait -= interval
    return full


class Window:
    """What was seen between two moments of the monotonic clock."""

    def __init__(self, name, begin, end):
        self.name, self.begin, self.end = name, begin, end
        self.peak = 0.0
        self.requests = 0
        self.faults = []
        self.health, self.gaps, self.starts, self.runs = [], [], [], []

    def take(self, events, interval):
        """Keeps the observations that began in it; each is (kind, moment, value)."""
        mine = [(kind, value) for kind, moment, value in events if self.begin <= moment < self.end]
        self.health = corrected([value for kind, value in mine if kind == "health"], interval)
        self.gaps = [value for kind, value in mine if kind == "gap"]
        self.starts = [value for kind, value in mine if kind == "start"]
        self.runs = [value for kind, value in mine if kind == "run"]
        self.faults += ["/health: " + value for kind, value in mine if kind == "unhealthy"]

    def judge(self, bounds):
        """Everything that is out of bounds, in words."""
        found = list(self.faults)
        wrong = [fault for fault in self.runs if fault]
        if wrong:
            found.append("%d of %d honest runs: %s" % (len(wrong), len(self.runs), wrong[0]))
        if not self.runs:
            found.append("no honest run came to its end")
        if percentile(self.health, 0.99) > bounds.health:
            found.append("/health p99 %.0f ms, bound %.0f" % (1e3 * percentile(self.health, 0.99), 1e3 * bounds.health))
        if percentile(self.gaps, 0.99) > bounds.gap:
            found.append("token gaps p99 %.0f ms, bound %.0f" % (1e3 * percentile(self.gaps, 0.99), 1e3 * bounds.gap))
        if max(self.starts, default=0) > bounds.start:
            found.append("first token after %.1f s, bound %.1f" % (max(self.starts), bounds.start))
        if self.peak > bounds.memory:
            found.append("memory %.0f MiB, bound %.0f" % (self.peak, bounds.memory))
        return found


class Bounds:
    """In seconds and MiB."""

    def __init__(self, health, gap, start, memory):
        self.health, self.gap, self.start, self.memory = health, gap, start, memory


HEAD = ("attack", "health p99/max ms", "gaps p99/max ms", "first s", "runs", "MiB", "acts", "")


def row(window, faults):
    """A line of the table."""
    right = sum(1 for fault in window.runs if not fault)
    return (
        window.name,
        "%.0f/%.0f" % (1e3 * percentile(window.health, 0.99), 1e3 * max(window.health, default=0)),
        "%.1f/%.0f" % (1e3 * percentile(window.gaps, 0.99), 1e3 * max(window.gaps, default=0)),
        "%.2f" % max(window.starts, default=0),
        "%d/%d" % (right, len(window.runs)),
        "%.0f" % window.peak,
        "%d" % window.requests,
        "FAIL" if faults else "ok",
    )


def table(rows):
    """Rows of texts in columns."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(text.ljust(width) if column == 0 else text.rjust(width)
                  for column, (text, width) in enumerate(zip(row, widths))).rstrip()
        for row in rows
    )
