"""A county's model in a real browser, from draft to publication by two people; the question before a payment."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
from playwright.sync_api import Locator, Page, expect

from casework.audit_models import AuditEntry
from casework.roles import Role
from supervision.published import published_models
from supervision.runs import FINDINGS_SCHEMA, VERDICTS_SCHEMA, Run, store_run
from tests.api.precheck_world import ALIVE, DEAD, write_index
from tests.browser.steps import NEEDS_BROWSER, fits, sign_in
from tests.casework_world import COUNTY, VILLAGE_A, VILLAGE_B, World, add_user
from tests.supervision.drafts import OWN, SHIPPED, draft_text, stricter_text

pytestmark = NEEDS_BROWSER


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="退出").click()
    expect(page.get_by_role("heading", name="登录")).to_be_visible()


def start_draft(page: Page, site: str, text: str) -> None:
    page.goto(f"{site}/drafts/new")
    page.get_by_label("模型全文（YAML）").fill(text)
    page.get_by_role("button", name="检验并保存").click()


def open_from_menu(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="主导航").get_by_role("link", name=name).click()


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def test_from_draft_to_publication_by_a_second_person(page: Page, site: str, small_world: World) -> None:
    sign_in(page, site, "technician")
    open_from_menu(page, "草稿")
    expect(page.get_by_text("没有自建模型")).to_be_visible()
    page.get_by_role("link", name="写新草稿").click()
    assert fits(page)
    page.get_by_label("模型全文（YAML）").fill(stricter_text())
    page.get_by_role("button", name="检验并保存").click()
    expect(page.get_by_text("还没有试运行。")).to_be_visible()
    expect(button(page, "提交审核")).to_have_count(0)
    expect(button(page, "审核通过并发布")).to_have_count(0)
    assert fits(page)

    button(page, "开始试运行").click()
    expect(page.get_by_role("row", name="清溪镇 2 0 0")).to_be_visible()
    expect(page.get_by_text("2 条中属实 1 条（50%）")).to_be_visible()
    expect(page.get_by_text("同一对象也被它提示的占 50%")).to_be_visible()
    assert fits(page)
    page.get_by_label("为什么要发布这个模型").fill("本县零工多记半个工也应提示")
    button(page, "提交审核").click()
    expect(page.get_by_text("您是作者，不能审核自己的草稿")).to_be_visible()
    expect(button(page, "审核通过并发布")).to_have_count(0)
    expect(button(page, "撤回")).to_be_visible()
    where = page.url
    sign_out(page)

    sign_in(page, site, "leader")
    page.goto(where)
    expect(page.get_by_text("另一名监督检查或技术保障人员审核")).to_be_visible()
    expect(button(page, "审核通过并发布")).to_have_count(0)
    sign_out(page)

    sign_in(page, site, "supervisor")
    open_from_menu(page, "草稿")
    expect(page.get_by_text("等您审核")).to_be_visible()
    page.get_by_role("link", name="同一人一天记了两个工以上").click()
    expect(button(page, "撤回")).to_have_count(0)
    expect(page.locator("main")).to_contain_text("抢险、农忙时确有加班")
    page.get_by_label("审核意见").fill("试运行可行")
    button(page, "审核通过并发布").click()
    expect(page.get_by_text("在青山县生效")).to_be_visible()
    expect(button(page, "停用")).to_be_visible()
    expect(button(page, "采用，在本级全部区划生效")).to_have_count(0)
    assert [(model.id, where) for model, where in published_models(small_world.home)] == [(OWN, COUNTY)]
    page.goto(f"{site}/models")
    expect(page.locator("main")).to_contain_text("自建 1 个")
    assert fits(page)
    page.locator(f'a[href="/models/{OWN}"]').click()
    expect(page.get_by_text("technician 用户 编写")).to_be_visible()
    assert fits(page)


def test_a_draft_that_does_not_hold_comes_back_with_lines_and_mends(page: Page, site: str) -> None:
    sign_in(page, site, "technician")
    broken = draft_text(**{"> :max_half_days": "> :most"})
    with page.expect_response(f"{site}/drafts") as answered:
        start_draft(page, site, broken)
    assert answered.value.status == 422
    number = next(n for n, line in enumerate(broken.splitlines(), start=1) if ":most" in line)
    expect(page.get_by_role("alert")).to_contain_text(f"第 {number} 行 evidence 用了没有声明的参数 :most")
    expect(page.get_by_role("alert")).to_contain_text("写到 parameters 下")
    assert page.get_by_label("模型全文（YAML）").input_value() == broken
    assert fits(page)


def test_a_city_adopts_and_a_returned_draft_starts_another(page: Page, site: str, small_world: World) -> None:
    with small_world.sessions.begin() as session:
        add_user(session, "city", Role.SUPERVISOR, "3301", name="市局")
    sign_in(page, site, "technician")
    for _ in range(2):
        start_draft(page, site, draft_text())
        button(page, "开始试运行").click()
        page.get_by_label("为什么要发布这个模型").fill("本县需要")
        button(page, "提交审核").click()
    second = page.url
    sign_out(page)
    sign_in(page, site, "supervisor")
    page.goto(second)
    page.get_by_label("退回原因").fill("理由不足")
    button(page, "退回不发布").click()
    expect(page.get_by_text("审核没有通过")).to_be_visible()
    page.goto(f"{site}/drafts?state=submitted")
    page.locator("article a").first.click()
    page.get_by_label("审核意见").fill("可行")
    button(page, "审核通过并发布").click()
    first = page.url
    sign_out(page)
    sign_in(page, site, "city")
    page.goto(first)
    page.get_by_label("采用理由").fill("全市都有")
    button(page, "采用，在本级全部区划生效").click()
    expect(page.get_by_text("在3301生效")).to_be_visible()
    expect(button(page, "采用，在本级全部区划生效")).to_have_count(0)
    sign_out(page)
    sign_in(page, site, "technician")
    page.goto(second)
    page.get_by_role("link", name="以此为底稿另写一份").click()
    assert page.get_by_label("模型全文（YAML）").input_value() == draft_text()


def test_a_model_page_counts_the_verdicts_of_the_last_run(page: Page, site: str, small_world: World) -> None:
    verdicts = [
        {"model_id": SHIPPED, "village_code": VILLAGE_A, "hit": 2, "clear": 38, "not_applicable": 0}
        | {"not_computable": 0, "subjects": 40, "reason": None},
        {"model_id": SHIPPED, "village_code": VILLAGE_B, "hit": 0, "clear": 0, "not_applicable": 0}
        | {"not_computable": 5, "subjects": 5, "reason": "没有“劳务用工”"},
        {"model_id": SHIPPED, "village_code": "330103001001", "hit": 7, "clear": 0, "not_applicable": 0}
        | {"not_computable": 0, "subjects": 7, "reason": None},
    ]
    empty = pa.table({name: [] for name in ("finding_id",)})
    run = Run(
        run_id="2026-11-20-000000000000", as_of=date(2026, 11, 20), models={}, lake="x", simulated=True,
        settings=[], batches={}, findings=FINDINGS_SCHEMA.empty_table(), evidence=empty,
        verdicts=pa.Table.from_pylist(verdicts, schema=VERDICTS_SCHEMA),
    )  # fmt: skip
    store_run(small_world.home, run)
    sign_in(page, site, "leader")
    page.goto(f"{site}/models/{SHIPPED}")
    expect(page.locator("dl.figures")).to_have_text("命中2未见疑点38不适用0无法计算5", use_inner_text=False)
    expect(page.get_by_text("没有“劳务用工”：1 个村")).to_be_visible()
    expect(page.get_by_text("第二十五条")).to_be_visible()
    expect(page.get_by_text("days >= 3 OR villages >= 2")).to_be_visible()
    assert fits(page)


def test_a_payment_is_stopped_paid_or_refused(page: Page, site: str, small_world: World) -> None:
    sign_in(page, site, "technician")
    open_from_menu(page, "支付前核查")
    expect(page.get_by_role("alert")).to_contain_text("支付前核查还没有准备好")
    write_index(small_world.home)
    page.reload()
    expect(page.get_by_role("alert")).to_have_count(0)

    def ask(person: str) -> None:
        for label, value in (("项目编码", "YL"), ("身份证号", person), ("村代码", VILLAGE_A)):
            page.get_by_label(label, exact=True).fill(value)
        page.get_by_label("所属月份").fill("2026-11")
        page.get_by_label("发放日期").fill("2026-11-20")
        page.get_by_label("发放金额").fill("180.00")
        page.get_by_role("button", name="核查这一笔").click()

    ask(DEAD)
    expect(page.get_by_role("status").last).to_contain_text("数据截至 2026-11-20")
    expect(page.locator(".answer")).not_to_contain_text("可付")
    expect(page.get_by_text("可以排除").first).to_be_visible()
    page.get_by_text("本村算不出").click()
    assert fits(page)
    ask(ALIVE)
    expect(page.locator(".answer")).to_contain_text("可付：未见疑点")
    for register in ("劳务用工", "村级账务明细"):
        page.get_by_role("link", name=register).click()
        expect(page.get_by_role("heading", name=register)).to_be_visible()
        assert fits(page)
    with small_world.sessions() as session:
        rows = session.query(AuditEntry).filter(AuditEntry.target == "/prechecks", AuditEntry.action == "act")
        assert rows.count() == 2


def test_the_same_problem_elsewhere(page: Page, site: str) -> None:
    sign_in(page, site, "supervisor")
    page.get_by_role("link", name="石桥村").click()
    page.get_by_role("link", name="死亡后继续发放救助金").last.click()
    page.get_by_role("link", name="查同类问题").click()
    expect(page.get_by_role("heading", name="同类问题 2 条")).to_be_visible()
    assert fits(page)
