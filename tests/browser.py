"""A real Chromium, and looking at pages in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.programs import program
from tests.support import PATIENCE_SECONDS

SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# A folder for pictures of the pages, to be looked at.
PICTURES = os.environ.get("PICTURES_DIR")
WIDTHS = (1280, 390, 320)
# Of all parts at once: a question for each took most of a test's time.
OUTSIDE = """(parts, width) => parts.filter(part => {
    const {left, right} = part.getBoundingClientRect();
    return part.getClientRects().length && (left < 0 || right > width);
}).map(part => part.outerHTML)"""
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@contextmanager
def running_chromium() -> Iterator[Browser]:
    executable = program("chromium")
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright's event loop, which is in this thread, is not Django's business.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=executable, args=SWITCHES)
        expect.set_options(timeout=PATIENCE_SECONDS * 1000)
        yield browser
        browser.close()


@contextmanager
def new_page(browser: Browser, **options: Any) -> Iterator[Page]:
    """In a new context with these options, as for a first visit."""
    with browser.new_context(**options) as context:
        context.set_default_timeout(PATIENCE_SECONDS * 1000)
        yield context.new_page()


def look_at(page: Page, name: str) -> None:
    """Everything is within the page, at every width; takes pictures where they are wanted."""
    parts = page.locator("body, button, select, input:visible, dd, li:visible")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 844})
        assert [] == parts.evaluate_all(OUTSIDE, width), f"{name} at {width}"
        for scheme in SCHEMES if PICTURES else ():
            page.emulate_media(color_scheme=scheme)
            path = Path(str(PICTURES)) / f"{name}-{width}-{scheme}.png"
            page.screenshot(path=path, full_page=True)
