"""A villager complains in a browser that has to work for it; a clerk decides with one key."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from casework.channel_models import IntakePoint
from tests.browser.steps import NEEDS_BROWSER, fits, sign_in
from tests.casework_world import COUNTY, NOW, VILLAGE_A, World

pytestmark = NEEDS_BROWSER


def test_a_villager_complains_and_the_second_time_the_telephone_works_for_it(
    page: Page, site: str, small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.work.FREE", 1)
    with small_world.sessions.begin() as session:
        session.add(
            IntakePoint(
                token="tok", name="石桥村", division=COUNTY, about=VILLAGE_A, active=True,
                created_by=small_world.users["clerk"], created_at=NOW,
            )
        )  # fmt: skip
    for text in ("石桥村的低保名单没有贴出来", "村里的路修了一半就停了"):
        page.goto(f"{site}/r/tok")
        assert fits(page)
        page.get_by_label("反映的内容").fill(text)
        page.get_by_role("button", name="提交").click()
        expect(page.get_by_role("heading", name="已收到")).to_be_visible()
        assert fits(page)
    number, code = page.locator("p.text b").all_inner_texts()
    page.get_by_role("link", name="查询进展").click()
    page.get_by_label("回执号").fill(number)
    page.get_by_label("查询码").fill(code)
    page.get_by_role("button", name="查询").click()
    expect(page.get_by_text("进展：已收到")).to_be_visible()
    assert fits(page)


def test_a_clerk_decides_with_one_key(page: Page, site: str) -> None:
    sign_in(page, site, "clerk")
    page.goto(f"{site}/inbox?state=triaged")
    assert fits(page)
    page.keyboard.press("n")
    expect(page.locator("article")).to_have_count(2)
    page.keyboard.press("k")
    expect(page.locator("article")).to_have_count(1)
    page.keyboard.press("6")
    expect(page.locator("article")).to_have_count(0)
    page.goto(f"{site}/inbox?state=key_matter")
    expect(page.locator("article")).to_have_count(1)
    page.goto(f"{site}/inbox?state=not_key")
    expect(page.locator("article")).to_have_count(2)
