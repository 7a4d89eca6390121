"""Debian's Chromium, driven by playwright; what a page complains of is kept."""

import contextlib
import os
import shutil
import unittest

from playwright.sync_api import sync_playwright

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
_started = []


def chromium():
    """The browser that the tests of a module share; each page has a context, so a memory, of its own."""
    if not _started:
        playwright = sync_playwright().start()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        _started.extend([browser, playwright])
        unittest.addModuleCleanup(_stop)
    return _started[0]


def _stop():
    """Playwright's loop counts as running for as long as it lives: no other test could have one."""
    browser, playwright = _started
    _started.clear()
    browser.close()
    playwright.stop()


@contextlib.contextmanager
def page(url, **options):
    """An open page; `page.complaints` are its errors and failed requests."""
    context = chromium().new_context(**options)
    made = context.new_page()
    made.complaints = []
    made.on("pageerror", lambda error: made.complaints.append(str(error)))
    made.on("console", lambda message: message.type == "error" and made.complaints.append(message.text))
    made.set_default_timeout(60_000)
    try:
        made.goto(url)
        yield made
    finally:
        context.close()
