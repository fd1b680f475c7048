"""Node and Chromium for the tests of the page, or the reason why a test is skipped."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from elman.explaining._page import page_html

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "/usr/bin/chromium")
"""Where a browser may be found."""

FLAGS = [
    "--no-sandbox",  # root in a container has no sandbox
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def missing(what, how):
    """Skip the test because something is not installed; fail if the environment asks for it."""
    if os.environ.get("ELMAN_REQUIRE_BROWSER") == "1":
        pytest.fail(f"{what} is missing, which ELMAN_REQUIRE_BROWSER=1 asks for: {how}")
    pytest.skip(f"{what} is missing: {how}")


@pytest.fixture(scope="session")
def node():
    """Return the path of node."""
    found = shutil.which("node")
    if found is None:
        missing("node, which runs the page's modules,", "install Node.js 20 or later")
    return found


@pytest.fixture(scope="session")
def browser():
    """Return one headless Chromium for all tests."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("Playwright, which drives Chromium,", "pip install playwright")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        missing("Chromium", "apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def page_folder():
    """Return the folder of the page's modules."""
    return Path(__file__).parents[3] / "src" / "elman" / "explaining" / "page"


@pytest.fixture
def open_page(browser, tmp_path):
    """Return the function that opens a trace's page.

    At the end of the test nothing may have been written to the console, and nothing fetched but
    the file itself.
    """
    contexts, said, fetched = [], [], []

    def open_page(trace, clock=False, **options):
        path = tmp_path / f"page{len(contexts)}.html"
        path.write_text(page_html(trace), encoding="utf-8")
        options = {"viewport": {"width": 1200, "height": 900}, "locale": "en-GB"} | options
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(4000)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: fetched.append((request.url, path.as_uri())))
        page.add_init_script(KEEP_COPIED)
        if clock:
            page.clock.install()
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert said == []
    assert [url for url, page in fetched if url.partition("#")[0] != page] == []
    assert len(fetched) >= len(contexts) > 0


KEEP_COPIED = """
Object.defineProperty(navigator, 'clipboard', {
  value: { writeText: async text => { window.copied = text } }
});
"""
"""What the page copies is kept for the test, as a headless browser has no clipboard to read."""
