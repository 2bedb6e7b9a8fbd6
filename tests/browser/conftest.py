"""A real browser, and the service over the small world for it to visit."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from threading import Thread

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright

from casework.intake import receive
from casework.sealing import load_sealer
from tests.api.conftest import build_app
from tests.browser.steps import CHROMIUM
from tests.casework_world import NOW, KeywordTriage, World, message


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
            at=NOW,
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
    """A page of the size of a telephone; anything that the browser complains of fails the test, but a form refused."""
    context = browser.new_context(viewport={"width": 390, "height": 800}, locale="zh-CN")
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda entry: complaints.append(entry.text) if entry.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert [told for told in complaints if "status of 422" not in told] == []
