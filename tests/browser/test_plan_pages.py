"""The plan's pages on a telephone: from nothing drawn to tasks given, and the first figures."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.steps import NEEDS_BROWSER, fits, sign_in
from tests.casework.plan_world import more_villages
from tests.casework_world import World

pytestmark = NEEDS_BROWSER


def test_a_supervisor_draws_edits_and_confirms_a_plan(page: Page, site: str, small_world: World) -> None:
    with small_world.sessions.begin() as session:
        more_villages(session)
    sign_in(page, site, "supervisor")
    page.get_by_role("link", name="核实计划").click()
    expect(page.get_by_text("还没有核实计划")).to_be_visible()
    assert fits(page)
    page.get_by_role("button", name="起草本周计划").click()
    expect(page.get_by_role("heading", name="2026-11-16 当周核实计划")).to_be_visible()
    assert fits(page)
    page.get_by_text("剔除", exact=True).first.click()
    page.get_by_label("理由").first.fill("县里正在查")
    page.get_by_role("button", name="剔除").first.click()
    expect(page.get_by_text("已剔除：县里正在查")).to_be_visible()
    page.get_by_label("清溪镇交给").select_option(label="town_a 用户（330102001）")
    page.get_by_label("白云乡交给").select_option(label="town_b 用户（330102002）")
    page.get_by_label("第二人").select_option(label="supervisor2 用户（330102）")
    page.get_by_role("button", name="确认计划并派发任务").click()
    expect(page.get_by_text("已确认").first).to_be_visible()
    expect(page.get_by_role("link", name="任务", exact=True)).to_have_count(5)  # four cases and the menu
    assert fits(page)
    page.goto(f"{site}/plans/results")
    expect(page.get_by_text("还说不清").first).to_be_visible()
    assert fits(page)
