"""The pages in a real browser: a supervisor follows a score to its rows, a clerk reviews with one key."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.steps import NEEDS_BROWSER, fits, sign_in

pytestmark = NEEDS_BROWSER


def test_a_supervisor_follows_a_score_to_its_rows_and_gives_a_task(page: Page, site: str) -> None:
    sign_in(page, site, "supervisor")
    expect(page.get_by_role("heading", name="村关注清单")).to_be_visible()
    expect(page.get_by_text("模拟数据")).to_be_visible()
    expect(page.get_by_text("分数只是查看的理由，不是结论").first).to_be_visible()
    assert fits(page)
    page.get_by_role("link", name="石桥村").click()
    expect(page.get_by_text("收款方集中度 0.62")).to_be_visible()
    assert fits(page)
    page.get_by_role("link", name="死亡后继续发放救助金").last.click()
    expect(page.get_by_text("核对死亡证明与户籍注销日期")).to_be_visible()
    expect(page.get_by_text("救助发放2026.xlsx 第 118 行")).to_be_visible()
    assert fits(page)
    page.get_by_label("交给").select_option(label="数据核对 · liaison 用户（330102001001）")
    page.get_by_role("button", name="派发任务").click()
    expect(page.get_by_text("承办：liaison 用户")).to_be_visible()
    page.get_by_role("link", name="干部").click()
    expect(page.get_by_role("link", name="赵一山")).to_be_visible()
    assert fits(page)


def test_a_clerk_confirms_with_one_key_and_corrects_by_form(page: Page, site: str) -> None:
    sign_in(page, site, "clerk")
    first = page.locator("article").first
    expect(first.locator("mark")).to_have_text("克扣")
    page.goto(f"{site}/inbox?state=triaged")
    page.keyboard.press("y")
    expect(page.locator("article")).to_have_count(2)
    page.keyboard.press("e")
    expect(page.get_by_text("模型没有把握")).to_be_visible()
    assert fits(page)
    page.get_by_label("非关键事项").check()
    page.get_by_label("领域").select_option(label="困难救助")
    page.get_by_role("button", name="按更正提交").click()
    expect(page.locator("article")).to_have_count(1)
    page.goto(f"{site}/inbox?state=key_matter")
    expect(page.locator("article")).to_contain_text("克扣补贴")


def test_an_empty_list_says_what_comes_next_and_a_stranger_gets_a_page(page: Page, site: str) -> None:
    sign_in(page, site, "liaison")
    expect(page.get_by_text("派给您的任务会出现在这里")).to_be_visible()
    page.get_by_role("button", name="退出").click()
    expect(page.get_by_role("heading", name="登录")).to_be_visible()
