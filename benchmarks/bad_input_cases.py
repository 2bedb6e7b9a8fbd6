"""Broken files and rows, each with what the import must show and count.

`bad_input.py` prints them as a table; `tests/registers/test_bad_input.py` runs each of them as a test.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import date

import pyarrow as pa

from benchmarks.deliveries import (
    HEADERS,
    VILLAGE,
    Case,
    Counts,
    Delivery,
    as_csv,
    as_parquet,
    as_xlsx,
    company,
    edited_xlsx,
    file,
    large_file,
    payment,
    payments,
    person,
)

ALL_GOOD: Counts = (1, 1, 0, 0, 0)
ONE_BAD: Counts = (2, 1, 0, 0, 1)
DIVISION_HEADERS = ("区划代码", "名称", "级别", "生效日期")
LATER = date(2024, 7, 31)


def encodings() -> list[Case]:
    rows = [HEADERS, payment()]
    good, gbk_row = as_csv(rows), as_csv([payment(2, 项目编码="低保")], encoding="gbk")
    cut_character = as_csv([payment(2, 项目编码="低保")]).replace("保".encode(), "保".encode()[:2])
    return [
        Case("UTF-8 带 BOM", file("subsidy_payment.csv", as_csv(rows, encoding="utf-8-sig")), ALL_GOOD),
        Case("GBK", file("补贴救助发放.csv", as_csv(rows, encoding="gbk")), ALL_GOOD),
        Case(
            "GB18030 的四字节汉字（𠮷）",
            file("division.csv", as_csv(_village("𠮷村"), encoding="gb18030")),
            ALL_GOOD,
        ),
        Case("UTF-16（Excel 的“Unicode 文本”，制表符分隔）", _text(rows, "utf-16", "\t"), ALL_GOOD),
        Case(
            "UTF-8 文件后接一段 GBK", file("subsidy_payment.csv", good + gbk_row), ONE_BAD, "无法识别的字符"
        ),
        Case(
            "汉字被截掉一个字节",
            file("subsidy_payment.csv", good + cut_character),
            ONE_BAD,
            "无法识别的字符",
        ),
        Case("夹有空字节（NUL）", file("subsidy_payment.csv", good.replace(b"DB", b"D\0B")), ALL_GOOD),
        Case("旧 Mac 换行（只有 CR）", file("subsidy_payment.csv", as_csv(rows, ends="\r")), ALL_GOOD),
    ]


def headers() -> list[Case]:
    merged = [
        ["", "", "", "", "补贴发放", "", ""],
        ["项目编码", "身份证号", "村代码", "所属月份", "发放日期", "发放金额", "银行账号"],
    ]
    two_rows = [
        ["项目编码", "身份证号", "村代码", "发放", "", ""],
        ["", "", "", "所属月份", "发放日期", "金额"],
    ]
    english = [
        "programme_id",
        "person_key",
        "village_code",
        "period",
        "pay_date",
        "amount_fen",
        "account_key",
    ]
    aliases = ["政策编码", "公民身份号码", "行政村代码", "发放所属期", "打卡日期", "补贴金额", "一卡通账号"]
    titles = [["某镇 2024 年 5 月低保发放表"], ["制表：某某"], []]
    return [
        Case("表头上方有标题行和空行", payments(payment(), headers=HEADERS)[:0] + _titled(titles), ALL_GOOD),
        Case("表头分两行，上行合并", file("subsidy_payment.csv", as_csv([*merged, payment()])), ALL_GOOD),
        Case(
            "纵向合并的表头（下行为空）",
            file("subsidy_payment.xlsx", as_xlsx([*two_rows, payment()[:6]])),
            ALL_GOOD,
        ),
        Case("别名表头", payments(payment(), headers=aliases), ALL_GOOD),
        Case("英文表头", payments(payment(), headers=english), ALL_GOOD),
        Case("表头带空格、星号和冒号", payments(payment(), headers=[f" *{h}： " for h in HEADERS]), ALL_GOOD),
        Case("缺少必需的列", payments(payment()[1:], headers=HEADERS[1:]), None, "缺少必需的列：项目编码"),
        Case(
            "两列对应同一项",
            payments([*payment(), "6"], headers=[*HEADERS, "金额"]),
            None,
            "请删去一列或改名",
        ),
        Case("没有表头", file("subsidy_payment.csv", as_csv([payment()])), None, "没有找到表头"),
        Case(
            "别的表（认不出登记表）", file("表.csv", as_csv([["甲", "乙"], ["1", "2"]])), None, "没有找到表头"
        ),
        Case(
            "表头单位为万元", payments(payment(发放金额="0.05"), headers=_renamed("金额（万元）")), ALL_GOOD
        ),
        Case(
            "表头单位为万元，单元格写明元",
            payments(payment(发放金额="500元"), headers=_renamed("金额（万元）")),
            ALL_GOOD,
        ),
    ]


def rows() -> list[Case]:
    """One good row and one that differs from it in one cell; with a reason, that row is set aside."""
    cells: list[tuple[str, str, str, str]] = [
        ("日期 2024/5/10", "发放日期", "2024/5/10", ""),
        ("日期 2024.5.10", "发放日期", "2024.5.10", ""),
        ("日期 20240510", "发放日期", "20240510", ""),
        ("日期 2024年5月10日", "发放日期", "2024年5月10日", ""),
        ("日期为汉字", "发放日期", "二〇二四年五月十日", ""),
        ("日期带时间", "发放日期", "2024-05-10 00:00:00", ""),
        ("日期为 Excel 序号", "发放日期", "45422", ""),
        ("日期有歧义 5/10/2024", "发放日期", "5/10/2024", "日期有歧义"),
        ("日期不存在（2 月 30 日）", "发放日期", "2024-02-30", "日期不存在"),
        ("日期是文字", "发放日期", "上旬", "不是日期"),
        ("日期晚于交付", "发放日期", "2024-07-15", "日期晚于交付日期"),
        ("年份错（2204 年）", "发放日期", "2204-05-10", "年份不合理"),
        ("月份写成 2024.1（1 月还是 10 月）", "所属月份", "2024.1", "月份有歧义"),
        ("金额全角", "发放金额", "５００．００", ""),
        ("金额 1,234.50", "发放金额", "1,234.50", ""),
        ("金额 ￥500.00元", "发放金额", "￥500.00元", ""),
        ("金额 3.5万元", "发放金额", "3.5万元", ""),
        ("金额大写", "发放金额", "伍佰元整", ""),
        ("金额带二进制误差", "发放金额", "500.30000000000004", ""),
        ("金额为负（括号），该项不可为负", "发放金额", "(500.00)", "超出合理范围"),
        ("金额精确到厘", "发放金额", "500.123", "精确到分以下"),
        ("金额的小数点写成逗号", "发放金额", "1234,56", "不是金额"),
        ("金额有歧义（一百二）", "发放金额", "一百二", "有歧义"),
        ("金额是文字", "发放金额", "五百块", "不是金额"),
        ("金额为美元", "发放金额", "$500", "不是金额"),
        ("金额的指数极大", "发放金额", "1e999999999", "不是金额"),
        ("金额为空（必填）", "发放金额", "—", "必填项“发放金额”为空"),
        ("身份证号末位小写 x", "身份证号", person(35).lower(), ""),
        ("身份证号 15 位", "身份证号", "110105491231002", ""),
        ("身份证号抄错一位", "身份证号", _one_digit_wrong(person(2)), "校验位不符"),
        ("身份证号为科学计数", "身份证号", "9.90101E+17", "科学计数"),
        ("身份证号的 0 写成字母 O", "身份证号", person(2).replace("0", "O", 1), "字母 O"),
        ("身份证号少一位", "身份证号", person(2)[:17], "应为 18 位"),
        ("村代码 10 位", "村代码", "9901011002", "应为 12 位"),
        ("村代码的省份不存在", "村代码", "190101100201", "省份不存在"),
        ("银行账号为科学计数", "银行账号", "6.2E+15", "科学计数"),
        ("CSV 注入（=cmd|…）", "项目编码", "=cmd|'/C calc'!A0", "没有算出结果的公式"),
        ("公式错误值 #REF!", "项目编码", "#REF!", "没有算出结果的公式"),
    ]
    return [
        Case(
            what,
            payments(payment(), payment(2, **{column: text})),
            ONE_BAD if sees else (2, 2, 0, 0, 0),
            sees,
        )
        for what, column, text, sees in cells
    ]


def other_registers() -> list[Case]:
    companies = ("统一社会信用代码", "企业名称", "成立日期", "登记状态")
    officials = ("身份证号", "村代码", "职务", "任职日期", "是否党员")
    good_company = [company(1), "甲公司", "2020-01-01", "存续"]
    flags = ["是", "TRUE", "Yes", "√", "0", "否"]
    return [
        Case(
            "统一社会信用代码抄错",
            file(
                "company.csv",
                as_csv([companies, good_company, [_one_digit_wrong(company(2)), *good_company[1:]]]),
            ),
            ONE_BAD,
            "校验位不符",
        ),
        Case(
            "枚举取值不在范围",
            file("company.csv", as_csv([companies, good_company, [company(2), "乙", "2020-01-01", "不详"]])),
            ONE_BAD,
            "取值不在范围内，应为：存续、注销、吊销",
        ),
        Case(
            "是否栏大小写混用",
            file(
                "official.csv",
                as_csv(
                    [officials, *([person(n), VILLAGE, "委员", "2021-03-01", f] for n, f in enumerate(flags))]
                ),
            ),
            (6, 6, 0, 0, 0),
        ),
        Case(
            "是否栏写“待定”",
            file("official.csv", as_csv([officials, [person(1), VILLAGE, "委员", "2021-03-01", "待定"]])),
            (1, 0, 0, 0, 1),
            "应填 是 或 否",
        ),
    ]


def layouts() -> list[Case]:
    good = as_csv([HEADERS, payment()])
    total = ["合 计：", "", "", "", "", "500", ""]
    unclosed = as_csv(_village("甲村")) + '990101100202,"乙村,村,2020-01-01\r\n'.encode() * 2
    spread = as_csv([("区划代码", "名称", "级别", "生效日期"), [VILLAGE, "甲\n村", "村", "2020-01-01"]])
    return [
        Case("分号分隔", _text([HEADERS, payment()], "utf-8", ";"), ALL_GOOD),
        Case("竖线分隔", _text([HEADERS, payment()], "gbk", "|"), ALL_GOOD),
        Case("空文件", file("subsidy_payment.csv", b""), None, "文件是空的"),
        Case("只有空白和 BOM", file("subsidy_payment.csv", b"\xef\xbb\xbf\r\n \r\n"), None, "文件是空的"),
        Case("只有表头", payments(), (0, 0, 0, 0, 0), "没有数据行"),
        Case("只有表头且末尾无换行", file("subsidy_payment.csv", as_csv([HEADERS]).strip()), (0, 0, 0, 0, 0)),
        Case(
            "末尾有许多空行", file("subsidy_payment.csv", good + b",,,,,,\r\n\r\n , ,,,,,\r\n" * 50), ALL_GOOD
        ),
        Case("合计行", payments(payment(), total), ONE_BAD, "合计行，不是数据"),
        Case("某行多一列", payments(payment(), [*payment(2), "多"]), ONE_BAD, "这一行有 8 列，表头有 7 列"),
        Case("某行少两列", payments(payment(), payment(2)[:5]), ONE_BAD, "这一行有 5 列，表头有 7 列"),
        Case("引号内有换行", file("division.csv", spread), ALL_GOOD),
        Case("引号没有配对，会吞掉后面的行", file("division.csv", unclosed), None, "引号不成对"),
        Case(
            "末列引号没有配对",
            file(
                "subsidy_payment.csv", good + as_csv([payment(2), payment(3)]).replace(b",622", b',"622', 1)
            ),
            None,
            "第 3 行附近的引号不成对",
        ),
        large_file(20_000),
    ]


def spreadsheets() -> list[Case]:
    workbook = as_xlsx([HEADERS, payment()])
    formula = [HEADERS, payment(发放金额="=250*2")]
    narrow = edited_xlsx(workbook, '<dimension ref="A1:G2"', '<dimension ref="A1"')
    malformed = edited_xlsx(workbook, "</sheetData>", "")
    number = list[object](payment())
    number[1], number[4], number[5] = int(person(1)[:15]) * 1000, date(2024, 5, 10), 500.0
    return [
        Case("XLSX 被截断", file("subsidy_payment.xlsx", workbook[: len(workbook) // 2]), None, "不完整"),
        Case("XLSX 内部损坏", file("subsidy_payment.xlsx", malformed), None, "不完整"),
        Case("XLSX 写错了范围（A1）", file("subsidy_payment.xlsx", narrow), ALL_GOOD),
        Case("压缩包改名为 .xlsx", file("subsidy_payment.xlsx", _zip()), None, "压缩包，不是 xlsx"),
        Case("加密的表格（OLE）", file("subsidy_payment.xlsx", _ole()), None, "已加密或损坏"),
        Case(
            "公式已算出结果",
            file("subsidy_payment.xlsx", as_xlsx(formula, cached={"250*2": "500"})),
            ALL_GOOD,
        ),
        Case(
            "公式没有算出结果",
            file("subsidy_payment.xlsx", as_xlsx(formula)),
            (1, 0, 0, 0, 1),
            "没有算出结果的公式",
        ),
        Case(
            "身份证号存成了数字，末三位已丢",
            file("subsidy_payment.xlsx", as_xlsx([HEADERS, number])),
            (1, 0, 0, 0, 1),
            "科学计数",
        ),
        Case(
            "多个工作表",
            file("subsidy_payment.xlsx", as_xlsx([["说明"]], [HEADERS, payment()], [HEADERS, payment(2)])),
            ALL_GOOD,
            "只读取了工作表“表2”；未读取：表3",
        ),
        Case("工作表全空", file("subsidy_payment.xlsx", as_xlsx([])), None, "没有找到表头"),
        Case("网页改名为 .xls", file("subsidy_payment.xls", b"<html><table></table>"), None, "网页（HTML）"),
        Case("PDF 改名为 .csv", file("subsidy_payment.csv", b"%PDF-1.7\n%..."), None, "PDF、图片或压缩包"),
        Case("Parquet 被截断", file("subsidy_payment.parquet", _parquet()[:-20]), None, "Parquet 文件不完整"),
        Case("Parquet 含嵌套列", file("subsidy_payment.parquet", _parquet()), ALL_GOOD),
    ]


def repeated_deliveries() -> list[Case]:
    first, second = payments(payment()), payments(payment(), payment(2))
    programme = as_csv(
        [
            ("项目编码", "项目名称", "项目类别", "是否审核家庭经济状况", "生效日期"),
            ("DB", "最低生活保障", "低保", "是", "2020-01-01"),
        ]
    )
    other = programme.replace(b"DB", b"TK")
    late = Delivery("subsidy_programme.csv", programme, LATER)
    return [
        Case("同一行重复", payments(payment(), payment()), (2, 1, 0, 1, 0)),
        Case("主键相同而内容不同", payments(payment(), payment(发放金额="600")), ONE_BAD, "内容不同"),
        Case("同一文件再次导入", first + first, (0, 0, 0, 0, 0), "此前已导入"),
        Case("另一文件含已有的行", first + second, (2, 1, 1, 0, 0)),
        Case("更正：后来的文件改了金额", first + _on(payments(payment(发放金额="600")), LATER), ALL_GOOD),
        Case("引用的项目不存在", file("subsidy_programme.csv", other) + first, (1, 0, 0, 0, 1), "找不到"),
        Case(
            "引用的项目后到，再次导入原文件",
            (*file("subsidy_programme.csv", other), *first, late, *_on(first, LATER)),
            ALL_GOOD,
        ),
        Case("交付日期倒退", _on(first, LATER) + second, None, "交付日期不能更早"),
        Case(
            "日常交付后又补录历史",
            (*first, Delivery("subsidy_payment.csv", second[0].content, LATER, backfill=True)),
            None,
            "不能再按历史补录",
        ),
    ]


def all_cases() -> list[Case]:
    """Every case; what each is called is unique."""
    groups = (encodings, headers, rows, other_registers, layouts, spreadsheets, repeated_deliveries)
    return [case for group in groups for case in group()]


def _village(name: str) -> list[tuple[str, ...]]:
    return [DIVISION_HEADERS, (VILLAGE, name, "村", "2020-01-01")]


def _text(table: Sequence[Sequence[str]], encoding: str, delimiter: str) -> tuple[Delivery, ...]:
    return file("subsidy_payment.txt", as_csv(table, encoding=encoding, delimiter=delimiter))


def _titled(titles: list[list[str]]) -> tuple[Delivery, ...]:
    return file("subsidy_payment.csv", as_csv([*titles, HEADERS, payment()]))


def _renamed(amount_header: str) -> list[str]:
    return [amount_header if header == "发放金额" else header for header in HEADERS]


def _on(deliveries: tuple[Delivery, ...], day: date) -> tuple[Delivery, ...]:
    return tuple(Delivery(d.name, d.content, day, d.backfill) for d in deliveries)


def _one_digit_wrong(number: str) -> str:
    return f"{number[:10]}{(int(number[10]) + 1) % 10}{number[11:]}"


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("发放表.csv", as_csv([HEADERS, payment()]))
    return out.getvalue()


def _ole() -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4096)


def _parquet() -> bytes:
    columns = {header: [cell] for header, cell in zip(HEADERS, payment(), strict=True)}
    return as_parquet(pa.table(columns | {"附件": [[1, 2]]}))
