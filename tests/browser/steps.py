"""What every visit of the pages begins with and looks at."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Page

from tests.casework_world import PASSWORD

CHROMIUM: Final = Path("/usr/bin/chromium")
NEEDS_BROWSER: Final = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed (apt-get install chromium)"),
]


def sign_in(page: Page, site: str, login: str) -> None:
    page.goto(f"{site}/")
    page.get_by_label("账号").fill(login)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()


def fits(page: Page) -> bool:
    """No page makes a telephone scroll sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))
