"""The text that people work with: what would lead to the sender or to third parties is hidden.

`redacted_for_work` keeps the accused readable, because whoever is assigned must know whom to look at. Hidden are
phone, ID and card numbers, e-mail and chat addresses, plates, and the names by which senders introduce themselves.
"""

from __future__ import annotations

import re
from typing import Final

_HAN: Final = "\u4e00-\u9fff"
_PLATES: Final = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_CONTACT: Final = "〔联系方式〕"
_IDENTIFIER: Final = "〔证件号〕"
_SENDER: Final = "〔反映人〕"

_HALF_WIDTH: Final = {
    ord(wide): chr(ord(wide) - 0xFEE0)
    for wide in map(chr, range(0xFF01, 0xFF5F))
    if chr(ord(wide) - 0xFEE0).isalnum() or chr(ord(wide) - 0xFEE0) in "+-@._"
}

# Order matters: a resident ID or a card is longer than a phone number and would be cut by its rule.
_RULES: Final = (
    (re.compile(r"(?<![0-9])[1-9][0-9]{16}[0-9Xx](?![0-9A-Za-z])"), _IDENTIFIER),
    (re.compile(r"(?<![0-9])[0-9]{4}(?:[ -]?[0-9]{4}){3}(?:[ -]?[0-9]{1,3})?(?![0-9])"), "〔账号〕"),
    (re.compile(r"(?<![0-9])[0-9]{15,19}(?![0-9])"), _IDENTIFIER),
    (re.compile(r"(?<![0-9])(?:\+?86[ -]?)?1[3-9][0-9](?:[ -]?[0-9]{4}){2}(?![0-9])"), _CONTACT),
    (re.compile(r"(?<![0-9])0[0-9]{2,3}[ -]?[0-9]{7,8}(?![0-9])"), _CONTACT),
    (re.compile(r"[A-Za-z0-9_.+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"), _CONTACT),
    (re.compile(r"(?i)((?:qq|微信|wechat)号?[:： ]{0,2})[a-z0-9_-]{5,20}"), rf"\1{_CONTACT}"),
    (re.compile(rf"[{_PLATES}][A-Z][·. -]?(?=[A-Z]*[0-9])[A-Z0-9]{{5,6}}(?![A-Z0-9])"), "〔车牌〕"),
    (
        re.compile(
            rf"((?:我叫|我名叫|本人叫|本人姓名|反映人|举报人|联系人|申请人)[:：是为 ]{{0,2}})"
            rf"(?!员|们|数|的)[{_HAN}]{{2,3}}(?=[，,。.；;、\s（(〔:：]|$)"
        ),
        rf"\1{_SENDER}",
    ),
)


def redact_for_work(text: str) -> str:
    """The text without what identifies its sender; full-width digits and letters become half-width."""
    plain = text.translate(_HALF_WIDTH)
    for pattern, instead in _RULES:
        plain = pattern.sub(instead, plain)
    return plain
