"""A real Chromium, and looking at pages in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.programs import program

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
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@contextmanager
def running_chromium() -> Iterator[Browser]:
    executable = program("chromium")
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright's event loop, which is in this thread, is not Django's business.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=executable, args=SWITCHES)
        yield browser
        browser.close()


def look_at(page: Page, name: str) -> None:
    """Everything is within the page, at every width; takes pictures where they are wanted."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 844})
        for part in page.locator("body, button, select, input:visible, dd, li:visible").all():
            box = part.bounding_box()
            assert box is None or 0 <= box["x"] <= width - box["width"], f"{name} at {width}"
        for scheme in SCHEMES if PICTURES else ():
            page.emulate_media(color_scheme=scheme)
            path = Path(str(PICTURES)) / f"{name}-{width}-{scheme}.png"
            page.screenshot(path=path, full_page=True)
