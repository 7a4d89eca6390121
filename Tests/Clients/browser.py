"""Debian's Chromium, driven by playwright; what a page complains of is kept."""

import contextlib
import os
import shutil

from playwright.sync_api import sync_playwright

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")


@contextlib.contextmanager
def page(url, **options):
    """An open page; `page.complaints` are its errors and failed requests."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        made = browser.new_page(**options)
        made.complaints = []
        made.on("pageerror", lambda error: made.complaints.append(str(error)))
        made.on("console", lambda message: message.type == "error" and made.complaints.append(message.text))
        made.set_default_timeout(30_000)
        made.goto(url)
        yield made
        browser.close()
