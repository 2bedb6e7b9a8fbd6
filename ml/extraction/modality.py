"""How a misdeed is told: as the writer's own knowledge, as hearsay, denied, quoted, ironically, or as a question.

A rule of thumb per sentence, for the reader's eye and for ordering work; never a reason to drop a message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ml.extraction.word_lists import PRAISE


class Modality(StrEnum):
    """How a misdeed is told. Later ones do not exclude earlier ones; the first that fits is given."""

    NEGATED = "negated"
    QUOTED = "quoted"
    IRONICAL = "ironical"
    HEARSAY = "hearsay"
    UNCERTAIN = "uncertain"
    ASSERTED = "asserted"


@dataclass(frozen=True)
class Misdeed:
    """A word of misconduct at ``text[start:end]`` and how it is told."""

    start: int
    end: int
    modality: Modality


_DEED: Final = re.compile(
    r"贪污|侵占|侵吞|侵害|挪用|挪到|受贿|行贿|贿选|索贿|收受|索要|索取|勒索|吃拿卡要|虚报|冒领|冒名|多报|骗取|套取|截留|克扣|私分|瓜分|贪了?(?!官|心|图)|吞了|私吞|吃空饷"
    r"|私自|擅自|强占|霸占|占为己有|据为己有|装进.{0,4}(?:腰包|口袋)|中饱私囊|揣进|打人|殴打|威胁|包庇|徇私|优亲厚友|走后门|乱收费|乱收|违规|违法|造假|作假|做假账|假账|弄虚作假"
    r"|偷工减料|围标|串标|回扣|好处费?|买票|拉票|报复|保护伞|豆腐渣|不公开|不公示|不公布|从不公开|没有公(?:开|示|布)|没公(?:开|示|布)|未公(?:开|示|布)|只有.{0,6}知道|打白条|白条"
    r"|扣下|扣了|扣掉|没发|不发|未发|拖欠|公款|大吃大喝|关系户|亲戚.{0,6}(?:低保|名额)|(?:低保|名额).{0,8}亲戚|人情保|关系保"
)
_SENTENCE_END: Final = "。;；!！?？\n"
_QUOTE: Final = re.compile(r"[“\"「『]([^”\"」』]{1,80})[”\"」』]|[《]([^》]{1,60})》")
_NEGATION: Final = re.compile(
    r"(?:(?<!有)没有|(?<!有)没|未|未曾|并未|并没有|从未|从没|不曾|(?<!会)不会|不敢|没人|无人|绝无|不存在|并不是|(?<!是)(?<!如果)(?<![要若])不是|并非|没听说|没发现|没看到|不准|不许|不得|禁止|严禁|拒绝|杜绝|防止|避免|预防)"
    r"(?:(?!情况下|[就便却而])[^,，。;；!！?？\n]){0,6}$"
)
_DENIED_BEHIND: Final = re.compile(
    r"[^。;；!！?？\n]{0,12}(?:是谣言|是造谣|是假的|不属实|不实|没有的事|是误会|是冤枉|没这回事|被?澄清)"
)
_DENIED_BEFORE: Final = re.compile(
    r"(?<!没有)(?<![没不]是)(?<![没会敢要])(?<!是我)(?<!是我们)(?:造谣|谣传|诬告|诬陷|冤枉|误会|澄清)[^。;；!！?？\n]{0,14}$"
)
_OMISSION: Final = re.compile(r"[没未不]")
_HEARSAY: Final = re.compile(
    r"听说|听讲|听闻|听人|听到|听别人|据说|据传|据悉|有人[说讲告]|人家[说讲]|大家都?[说讲传]|别人[说讲告]|都[说讲传]|传言|风传|风闻|传说|外面传|村里传|到处传|小道消息|告诉我|跟我[说讲]"
    r"|(?:他|她|邻居|亲戚|朋友|儿子|女儿|侄子|老乡|师傅|老板|工人|熟人)(?:跟我|对我|给我)?(?:说|讲)"
)
_QUESTION: Final = re.compile(
    r"是不是|是否|有没有|会不会|能不能|算不算|可能|也许|恐怕|怀疑|疑似|好像|似乎|不知道?是|莫非|估计|猜"
)
_RHETORICAL: Final = re.compile(r"难道|凭什么|为什么|哪有|岂不")
_CONDITION: Final = re.compile(
    r"如果(?!不是)|假如|要是|万一|怎[么样]|如何|什么是|怎么认定|请问|学习|宣传|课题|论文|电影|新闻|培训|政策"
)
_PRAISE: Final = re.compile("|".join(PRAISE))
_SARCASM: Final = re.compile(r"[“\"「](?:为民|公开|公平|清廉|优秀|先进|模范|廉洁|好)[^”\"」]{0,6}[”\"」]")


def misdeeds(text: str) -> Iterator[Misdeed]:
    """Words of misconduct in the folded ``text`` with the way they are told, in order."""
    quotes = [match.span() for match in _QUOTE.finditer(text)]
    for sentence in _sentences(text):
        for match in _DEED.finditer(text, *sentence):
            yield Misdeed(match.start(), match.end(), _modality(text, match, sentence, quotes))


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    """Stretches up to a full stop; commas do not end what "听说" says."""
    start = 0
    for place, character in enumerate(text):
        if character in _SENTENCE_END:
            yield start, place + 1
            start = place + 1
    if start < len(text):
        yield start, len(text)


def _modality(
    text: str, deed: re.Match[str], sentence: tuple[int, int], quotes: list[tuple[int, int]]
) -> Modality:
    before, behind = (
        text[max(sentence[0], deed.start() - 60) : deed.start()],
        text[deed.end() : min(sentence[1], deed.end() + 40)],
    )
    whole = before + deed[0] + behind
    omission = bool(_OMISSION.match(deed[0]))
    asked = _RHETORICAL.search(before)
    denied = not omission and not asked and _NEGATION.search(before)
    if denied or _DENIED_BEHIND.match(behind) or _DENIED_BEFORE.search(before):
        return Modality.NEGATED
    if any(start <= deed.start() and deed.end() <= end for start, end in quotes):
        return Modality.QUOTED
    near = text[max(0, deed.start() - 80) : deed.start()] + whole[len(before) :]
    if _PRAISE.search(near) or _SARCASM.search(whole):
        return Modality.IRONICAL
    if _HEARSAY.search(before):
        return Modality.HEARSAY
    asks = behind.rstrip().endswith(("吗", "?", "？", "呢")) and not asked
    if asks or _QUESTION.search(before[-30:]) or _CONDITION.search(before[-30:]):
        return Modality.UNCERTAIN
    return Modality.ASSERTED
