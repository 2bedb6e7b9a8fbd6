"""The pages in a real browser: a supervisor follows a score to its rows, a clerk reviews with one key."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect, sync_playwright

from casework.intake import receive
from casework.sealing import load_sealer
from tests.api.conftest import build_app
from tests.casework_world import NOW, PASSWORD, KeywordTriage, World, message

CHROMIUM = Path("/usr/bin/chromium")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed (apt-get install chromium)"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"]
        )
        yield launched
        launched.close()


@pytest.fixture
def site(small_world: World) -> Iterator[str]:
    """Address of the service over the small world with three complaints in its inbox."""
    texts = ["请问医保缴费什么时候截止", "石桥村村支书克扣补贴", "好像没有公开"]
    with small_world.sessions.begin() as session:
        receive(
            session,
            [message(text, number=number) for number, text in enumerate(texts)],
            sealer=load_sealer(small_world.home),
            triage=KeywordTriage(),
            triage_version="base-1",
        )
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(build_app(small_world.home, small_world.url, lambda: NOW), log_level="error")
    )
    thread = Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.02)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of the size of a telephone; anything that the browser complains of fails the test."""
    context = browser.new_context(viewport={"width": 390, "height": 800}, locale="zh-CN")
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda entry: complaints.append(entry.text) if entry.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def sign_in(page: Page, site: str, login: str) -> None:
    page.goto(f"{site}/")
    page.get_by_label("账号").fill(login)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()


def fits(page: Page) -> bool:
    """No page makes a telephone scroll sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


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
