"""Texts without what would lead to the sender or to third parties.

Two steps. `redact_for_work` runs once, when a message comes in: without contacts, numbers and the names by which senders
introduce themselves or sign; the clerk reads that, and it is what is stored. `redact_for_checking` runs whenever somebody
else reads it, who verifies: of all names only those of the accused stay, because whoever verifies must know whom to
look at; where the text leaves open whose a name is, it is hidden.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from casework.access import Permission, allows
from casework.channel_models import FollowUp
from casework.models import Complaint
from casework.roles import Actor
from ml.extraction.contacts import CARD, LANDLINE, MAIL
from ml.extraction.names import KIN
from ml.extraction.sides import Side, sides

_HAN: Final = "\u4e00-\u9fff"
_PLATES: Final = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_CONTACT: Final = "〔联系方式〕"
_IDENTIFIER: Final = "〔证件号〕"
_ACCOUNT: Final = "〔账号〕"
_ADDRESS: Final = "〔住址〕"
_SENDER: Final = "〔反映人〕"
_RELATIVE: Final = "〔反映人亲属〕"
_SOMEBODY: Final = "某某"
_COUNT: Final = "0-9一二三四五六七八九十百零〇"
_MOBILE_SPACED_ANYHOW: Final = r"(?<![0-9])(?:\+?86[ -]?)?1[3-9](?:[ -]?[0-9]){9}(?![0-9])"
"""Laxer than the number that extraction proposes: rather one number too many hidden than one left."""

_HALF_WIDTH: Final = {
    ord(wide): chr(ord(wide) - 0xFEE0)
    for wide in map(chr, range(0xFF01, 0xFF5F))
    if chr(ord(wide) - 0xFEE0).isalnum() or chr(ord(wide) - 0xFEE0) in "+-@._"
}

# Order matters: a resident ID or a card is longer than a phone number and would be cut by its rule.
_RULES: Final = (
    (re.compile(r"(?<![0-9])[1-9](?:[ -]?[0-9]){16}[ -]?[0-9Xx](?![0-9A-Za-z])"), _IDENTIFIER),
    (re.compile(CARD), _ACCOUNT),
    (re.compile(r"(?<![0-9])[0-9]{15,19}(?![0-9])"), _IDENTIFIER),
    (re.compile(r"((?:[账帐卡]号|存折号?|卡号码)[:：是为 ]{0,2})[0-9][0-9 -]{6,24}[0-9](?![0-9])"), rf"\1{_ACCOUNT}"),
    (re.compile(_MOBILE_SPACED_ANYHOW), _CONTACT),
    (re.compile(LANDLINE), _CONTACT),
    (re.compile(r"((?:电话|手机|座机|号码|联系方式)[:：是为 ]{0,2})[0-9][0-9 -]{5,12}[0-9](?![0-9])"), rf"\1{_CONTACT}"),
    (re.compile(r"(?<![〇零一二三四五六七八九幺])[一幺][三四五六七八九][〇零一二三四五六七八九幺]{9}"), _CONTACT),
    (re.compile(MAIL), _CONTACT),
    (re.compile(r"(?i)((?:qq|微信|wechat)号?[:： ]{0,2})[a-z0-9_-]{5,20}"), rf"\1{_CONTACT}"),
    (re.compile(rf"[{_PLATES}][A-Z][·. -]?(?=[A-Z]*[0-9])[A-Z0-9]{{5,6}}(?![A-Z0-9])"), "〔车牌〕"),
    (
        re.compile(rf"((?:门牌|户)号?[:：是为 ]{{0,2}}|(?<=[村组路街巷弄屯队寨湾庄园区里坪]))[{_COUNT}]{{1,6}}号(?:附[{_COUNT}]{{1,3}}号?|院|楼)?(?:[{_COUNT}]{{1,4}}室)?(?!文|令|线|机|地块|标段|公告|井|矿|桥)"),
        rf"\1{_ADDRESS}",
    ),
    (re.compile(rf"[{_COUNT}]{{1,3}}[栋幢座](?:[{_COUNT}]{{1,3}}单元)?[{_COUNT}]{{2,5}}室?"), _ADDRESS),
    (
        re.compile(
            rf"((?:我叫|我名叫|本人叫|本人姓名|(?<!被)(?:反映|举报|投诉|控告|检举|申请|来信|联系)人)[:：是为 ]{{0,2}})"
            rf"(?!员|们|数|的)[{_HAN}]{{2,3}}(?=[，,。.；;、\s（(〔:：]|$)"
        ),
        rf"\1{_SENDER}",
    ),
)  # fmt: skip
_OWN_GROUP: Final = re.compile(
    rf"((?:我|我们|俺|俺们|本人|我家|家|现|住址[:：]?)(?:都|均|家)?(?:是|系|住在?|住|来自|[:：])[^,，。;；!！?？\n]{{0,20}}?)第?[{_COUNT}]{{1,3}}(?:组|社|队)"
)
_OWN_RELATIVE: Final = re.compile(
    rf"(?:我|俺|本人)(?:的|家|家的)?(?:{KIN}|[爸妈哥弟姐妹儿女叔伯舅姑爹娘]|老头子|老伴)(?:叫|是|名叫)?(?:{_SENDER}|{_SOMEBODY})"
)


def redact_for_work(text: str) -> str:
    """The text without what identifies its sender; full-width digits and letters become half-width."""
    plain = text.translate(_HALF_WIDTH)
    for pattern, instead in _RULES:
        plain = pattern.sub(instead, plain)
    return _without_names(plain, thorough=False)


@lru_cache(maxsize=512)
def redact_for_checking(work_text: str) -> str:
    """A stored text for those who verify: senders, witnesses, victims and all who are not accused are hidden.

    Texts stored by earlier versions are redacted again first.
    """
    text = _without_names(redact_for_work(work_text), thorough=True)
    return _OWN_RELATIVE.sub(_RELATIVE, _OWN_GROUP.sub(rf"\1{_ADDRESS}", text))


def shown_text(actor: Actor, complaint: Complaint) -> str:
    """The text of a complaint for one person: as stored for those who review it, else as for those who verify."""
    if allows(actor, Permission.REVIEW_COMPLAINT):
        return complaint.work_text
    return redact_for_checking(complaint.work_text)


def shown_entry(actor: Actor, entry: FollowUp) -> str:
    """What a sender added, or was asked, for one person."""
    if entry.by is not None or allows(actor, Permission.REVIEW_COMPLAINT):
        return entry.text
    return redact_for_checking(entry.text)


def _without_names(text: str, *, thorough: bool) -> str:
    """Senders as such, everybody else who is not accused as 某某; without `thorough` only senders."""
    parts: list[str] = []
    end = 0
    for (start, stop), side in sides(text, thorough=thorough):
        if side is Side.ACCUSED or (side is Side.OTHER and not thorough):
            continue
        parts += [text[end:start], _SENDER if side is Side.SENDER else _SOMEBODY]
        end = stop
    return "".join([*parts, text[end:]])
