"""On which side of a complaint a name stands: of the sender, of the accused, or of neither.

Neither is the rule: a name is the accused's only where the text says so, by a post, a misdeed or an accusing word beside
it. Witnesses and victims are never the accused, whatever stands beside them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from enum import StrEnum
from typing import Final

from ml.extraction.folding import MOST_CHARACTERS, fold
from ml.extraction.modality import misdeeds
from ml.extraction.names import KIN, Stretch, possible_names
from ml.extraction.reading import read
from ml.extraction.spans import Kind
from ml.extraction.word_lists import FURTHER_DEEDS, POST, POSTS


class Side(StrEnum):
    """Whose a name is."""

    SENDER = "sender"
    ACCUSED = "accused"
    OTHER = "other"


_ANY_DAY: Final = date(2020, 1, 1)  # whose a name is does not hang on the day
_GAP: Final = r"[:：为是叫系乃\s“\"'（(]{0,3}"
_ACCUSES: Final = "被举报人|被反映人|被控告人|被投诉人|被检举人|被告人?|举报|控告|检举|揭发|揭露|投诉|状告|查处|严查|严惩|查办|法办|调查|关于|告发|问责"
_SENDER_WORDS: Final = (
    r"(?:(?<!被)(?:举报|反映|投诉|控告|检举|申请|申诉|来信|写信|信访|上访|报告|陈述|求助|联系|揭发)(?:人|者|群众|村民)|执笔人?|代笔人?|署名|签名|签字|具名|联名人?|落款)"
    r"(?:签名|签字|姓名|名单)?"
)
_LISTED: Final = r"[、,，;；/\s]|和|与|及|以及|〔[^〕]{1,6}〕|[（(][^（）()]{0,12}[）)]"
_SAYS_SENDER: Final = re.compile(
    rf"(?:{_SENDER_WORDS}(?:[:：]\s{{0,3}}|\s{{1,3}}|是|为|叫)"
    r"|(?:我|俺|本人)(?:的?(?:名字|姓名))?(?:名|姓名)?(?:叫|是|系|乃)|本人(?:姓名)?[:：,，\s]{0,2}"
    rf"|(?:我|我们|俺|俺们|本人|我等)(?:都|均|就)?(?:是|系|叫|来自|住在?|家住)(?:(?!{_ACCUSES}|反映|受害)[^,，。;；!！?？\n]){{0,25}}?(?:村民|居民|农民|群众|社员|组员|业主|职工|教师|党员|家属|组|户主|的)|姓名[:：]\s{{0,2}})$"
)
_NO_PLACE: Final = "[怕不求告恨想要找气骂说问被给跟替让因为由从在把看]"
_SAYS_POST: Final = re.compile(
    rf"(?:我|俺|本人)(?:是|系)(?!{_NO_PLACE})(?:(?:(?!{_ACCUSES}|反映|受害|[村居]民)[\u4e00-\u9fff0-9]){{0,10}}?(?:[省市县区镇乡村组队]|街道|社区|公司|合作社))?(?:的|原|前|现任)?(?:{POST})$"
)
_SAID_SO: Final = re.compile(rf"[,，。.;；:：!！\s]|实名|要|想|现在?|今|向|{POST}|$")
"""Behind a sender who says what he is: 我是村会计张三，…, and not 我是村支书张三的邻居."""
_OWN_RELATIVE: Final = re.compile(
    rf"(?:我|俺|本人|我们)(?:的|家|家的)?(?:{KIN}|[爸妈哥弟姐妹儿女叔伯舅姑爹娘]|老[大二三]|家|老头子|老伴|小孩|孩子)(?:叫|是|名叫)?$"
)
_RELATED: Final = re.compile(rf"(?:{KIN}|村民|邻居|群众)(?:叫|是|名叫)?$")
_WITNESS_BEFORE: Final = re.compile(
    rf"(?:证人|证明人|见证人|知情人|知情者|目击者|目击人|受害人|受害者|被害人|受害群众|受害村民)(?:有|是|为|还有|包括|名单)?{_GAP}$"
)
_WITNESS_BEHIND: Final = re.compile(
    r"(?:等?(?:人|村民|群众|几人|多人|[二两三四五六]人)?)?(?:都|也|均|就|他们?|她)?(?:可以?|能够?|愿意?|会|敢|肯)?(?:给我|为我|为此|出面|当面|出来|替我)?(?:们)?(?:作证|做证|证明|佐证|指证|见证|是证人|为证人)"
    r"|(?:悄悄|偷偷|私下)(?:里|地)?(?:跟|对|和|向|给)?(?:我|我们)?(?:告诉|说|讲|透露|提供)|(?:向|给|跟)(?:我|我们)(?:透露|提供|反映|哭诉)"
)
_ACCUSING: Final = re.compile(rf"(?:{_ACCUSES})(?:一下|人)?{_GAP}(?P<between>[^,，。;；!！?？\n]{{0,36}})$")
_BETWEEN: Final = re.compile(
    rf"(?:[省市县区镇乡村组屯局所站委的]|街道|社区|公司|合作社|政府|学校|小学|医院|原|前|现任|该|老板|包工头|恶霸|村霸|{POST})?[:：\s“\"（(]{{0,2}}$"
)
_NOT_BETWEEN: Final = re.compile(rf"村民|居民|邻居|群众|老百姓|农户|我|俺|自己|{KIN}")
_NO_ACCUSED_BEHIND: Final = re.compile(
    r"被|家(?!族)|等?户|的(?:低保|地|田|土地|房|宅|钱|养老|补贴|户口|身份|账|帐|卡|签名|手印|名义|丈夫|妻子|儿子|女儿|老婆|父亲|母亲)|无钱|没钱|生病|受伤|死"
)
_POST_BEFORE: Final = re.compile(
    rf"(?:{POST})(?:兼[\u4e00-\u9fff]{{2,6}})?(?:叫|是|为|名叫)?[:：、\s“\"（(]{{0,2}}$"
)
_OF_BODY: Final = r"(?:我们?|本|该)?(?:村|镇|乡|县|社区|居委会)?(?:的)?"
_POST_BEHIND: Final = re.compile(
    rf"(?:[（(]?(?:原|前|现任|现|是|系)?|[,，]?(?:时任|任|担任|兼任?|身为|作为)){_OF_BODY}(?:{POST})"
    rf"|[,，](?:原|前|现任|现|是|系)?{_OF_BODY}(?:{POST})(?=[,，。.;；、：:）)\s]|期间|$)"
)
"""A post told of the name before it. Behind a comma it is told only where it ends there: 我是张三，村支书李四 tells of two."""
_BEFORE_DEED: Final = re.compile(
    r"(?:同志|某人|等人?|[,，\s]|在[^,，。;；\n]{1,14}|任[^,，。;；\n]{1,10}|利用[^,，。;；\n]{0,10}|长期|多次|多年来?|一直|近年来?|[0-9]{2,4}年[^,，。;；\n]{0,8}|又|还|也|都|就|竟然?|公然|把[^,，。;；\n]{1,12}|将[^,，。;；\n]{1,12}|以[^,，。;；\n]{1,8}|通过[^,，。;；\n]{1,8}|伙同[^,，。;；\n]{1,10}|[一二两三四五六]人|夫妇|父子|兄弟)*$"
)
_OTHER_DEEDS: Final = re.compile("|".join(FURTHER_DEEDS))
_TOGETHER: Final = re.compile(
    rf"(?:伙同|勾结|串通|联合|合伙|带着|指使|纠集)(?:其|他|她)?(?:的)?(?:{KIN})?(?:[\u4e00-\u9fff]{{0,6}}(?:村|镇|局|公司|站|所))?(?:{POST}|老板|包工头)?$"
)
_LIST_ONLY: Final = re.compile(
    rf"(?:[、,，\s]|和|与|及|以及|还有)+(?:[\u4e00-\u9fff]{{0,4}}(?:村|镇))?(?:{POST})?"
)
_DATE: Final = r"(?:[0-9〇零一二三四五六七八九十]{2,4}\s?[年./-]\s?[0-9一二三四五六七八九十]{1,3}\s?(?:[月./-]\s?(?:[0-9一二三四五六七八九十]{1,3}\s?[日号]?)?)?|[0-9]{1,2}月[0-9]{1,2}[日号]|即日|〔[^〕]{1,6}〕|[0-9]{4,})"
_CLOSING: Final = r"(?:敬上|叩首|叩上|敬启|泣书|敬礼|上书|书|呈|跪求|拜上|亲笔|携全体村民|(?:按|摁|捺|盖)(?:了)?(?:手印|指印|红手印|章)|手印|指印|签名|签字|亲启)"
_TAIL_PIECE: Final = re.compile(rf"(?:[\s,，、。.;；:：!！（()）]|{_DATE}|{_CLOSING}|\x00+)\Z")
_LONGEST_TAIL: Final = 2_000
_SIGNED_BY: Final = re.compile(
    r"(?:此致敬礼|敬礼|此致|谢谢[您你]?们?|感谢|叩谢|跪谢|拜托|盼复|为盼|村民们?|居民|群众|农民|社员|业主|全体村民|村民代表|代表|[组队社]|签名|签字|署名|落款|联名|手印|指印|人)[:：\s,，。!！、（()）]*$|[\s。.!！?？\n〕）)]$"
)
_NEVER_SIGNED: Final = re.compile(
    rf"(?:(?:{_ACCUSES})|(?:{POST})|被[\u4e00-\u9fff]{{2}}人|贪官|恶霸|村霸|老板|[是叫]|此人|负责人|责任人|当事人)[:：\s]*$"
)


def sides(text: str, *, thorough: bool = True) -> list[tuple[Stretch, Side]]:
    """Every name of ``text`` with its side, in order. A name has one side in the whole text.

    thorough: also read by the taggers (some 5 ms a message). Without it the signature and those who name themselves are
    still found; who is accused is then not told from others.
    """
    found: list[Stretch] = []
    accused: set[str] = set()
    others: set[str] = set()
    senders: set[str] = set()
    folded = "".join(fold(text[at : at + MOST_CHARACTERS]) for at in range(0, len(text), MOST_CHARACTERS))
    for start, end in _pieces(folded):
        piece = folded[start:end]
        reading = read(piece, as_of=_ANY_DAY) if thorough else None
        people = [(span.start, span.end) for span in reading.of(Kind.PERSON)] if reading else []
        names = possible_names(piece, tagged=people)
        found += [Stretch(start + one.start, start + one.end) for one in names]
        senders |= {piece[a:b] for a, b in _senders(piece, names, last=end == len(folded))}
        others |= {piece[a:b] for a, b in _witnesses(piece, names)}
        span = reading.accused if reading else None
        if reading:
            accused |= {
                piece[a:b] for a, b in _accused(piece, names, (span.start, span.end) if span else None)
            }
    side = dict.fromkeys(accused, Side.ACCUSED) | dict.fromkeys(others, Side.OTHER)
    side |= dict.fromkeys(senders, Side.SENDER)
    known = {folded[a:b] for a, b in found} | senders
    return [(one, side.get(folded[one.start : one.end], Side.OTHER)) for one in _everywhere(folded, known)]


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    """Parts that can be read at once, cut at the end of a sentence where there is one."""
    start = 0
    while len(text) - start > MOST_CHARACTERS:
        cut = max(text.rfind(mark, start + 1, start + MOST_CHARACTERS) for mark in "\n。;,，、 ") + 1
        end = cut if cut > start else start + MOST_CHARACTERS
        yield start, end
        start = end
    if start < len(text):
        yield start, len(text)


def _everywhere(text: str, known: set[str]) -> Iterator[Stretch]:
    """Occurrences of names, the longest first where one lies in another."""
    if known:
        pattern = re.compile("|".join(map(re.escape, sorted(known, key=lambda name: (-len(name), name)))))
        yield from (Stretch(*match.span()) for match in pattern.finditer(text))


def _senders(text: str, names: Sequence[Stretch], *, last: bool) -> Iterator[Stretch]:
    """Who names himself, with those listed behind; relatives whom he calls his own; and who signed."""
    said = False
    end = -1
    for one in names:
        before = text[max(0, one.start - 45) : one.start]
        listed = said and re.fullmatch(rf"(?:{_LISTED})*", text[end : one.start])
        said = bool(listed or _SAYS_SENDER.search(before) or _OWN_RELATIVE.search(before))
        said = said or bool(_SAYS_POST.search(before) and _SAID_SO.match(text, one.end))
        end = one.end
        if said:
            yield one
    if last:
        yield from _signed(text, names)


def _signed(text: str, names: Sequence[Stretch]) -> Iterator[Stretch]:
    """Names at the very end, with dates, thumbprints and courtesies between them, unless they are what is accused."""
    first = max(0, len(text) - _LONGEST_TAIL)
    rest = list(text)
    for one in names:
        rest[one.start : one.end] = "\x00" * (one.end - one.start)
    tail = "".join(rest[first:])
    while piece := _TAIL_PIECE.search(tail):
        tail = tail[: piece.start()]
    start = first + len(tail)
    signed = [one for one in names if one.start >= start]
    if not signed:
        return
    before = text[max(0, signed[0].start - 12) : signed[0].start]
    if not before or (_SIGNED_BY.search(before) and not _NEVER_SIGNED.search(before)):
        yield from signed


def _witnesses(text: str, names: Sequence[Stretch]) -> Iterator[Stretch]:
    """Those whom the text calls witnesses or victims, with those listed before and behind."""
    marked = [
        bool(
            _WITNESS_BEFORE.search(text[max(0, one.start - 16) : one.start])
            or _WITNESS_BEHIND.match(text, one.end)
        )
        for one in names
    ]
    yield from _spread(text, names, marked, backwards=True)


def _accused(text: str, names: Sequence[Stretch], tagged: tuple[int, int] | None) -> Iterator[Stretch]:
    """Those whom the text accuses: by an accusing word or a misdeed, with those listed beside; and holders of posts."""
    deeds = [deed.start for deed in misdeeds(text)] + [match.start() for match in _OTHER_DEEDS.finditer(text)]
    marked = [
        bool(tagged and tagged[0] <= one.start < tagged[1] and not _is_related(text, one))
        or _is_accused(text, one, deeds)
        for one in names
    ]
    yield from _spread(text, names, marked, backwards=False)
    starts = {one.start for one in names}
    for one in names:
        before, name = text[max(0, one.start - 12) : one.start], text[one.start : one.end]
        behind = _POST_BEHIND.match(text, one.end)
        if _POST_BEFORE.search(before) or (behind and behind.end() not in starts) or name.endswith(POSTS):
            yield one


def _is_related(text: str, one: Stretch) -> bool:
    """Whether it is called somebody's relative, or a villager: then only a misdeed or an accusing word counts."""
    return bool(_RELATED.search(text[max(0, one.start - 8) : one.start]))


def _is_accused(text: str, one: Stretch, deeds: Sequence[int]) -> bool:
    if _NO_ACCUSED_BEHIND.match(text, one.end):
        return False
    cue = _ACCUSING.search(text[max(0, one.start - 40) : one.start])
    between = cue["between"] if cue else ""
    if cue and not _NOT_BETWEEN.search(between) and (not between or _ends_in_body(between)):
        return True
    if _TOGETHER.search(text[max(0, one.start - 16) : one.start]):
        return True
    return any(
        one.end <= deed <= one.end + 30 and _BEFORE_DEED.fullmatch(text[one.end : deed]) for deed in deeds
    )


def _ends_in_body(between: str) -> bool:
    """Whether what stands between an accusing word and a name is its place, body or post."""
    found = _BETWEEN.search(between)
    return bool(found and found[0])


def _spread(
    text: str, names: Sequence[Stretch], marked: Sequence[bool], *, backwards: bool
) -> Iterator[Stretch]:
    """The marked names with those that a list ties to them."""
    reached = list(marked)
    for number in range(1, len(names)):
        between = text[names[number - 1].end : names[number].start]
        if reached[number - 1] and _LIST_ONLY.fullmatch(between):
            reached[number] = True
    for number in range(len(names) - 1, 0, -1) if backwards else ():
        between = text[names[number - 1].end : names[number].start]
        if reached[number] and _LIST_ONLY.fullmatch(between):
            reached[number - 1] = True
    yield from (one for one, mark in zip(names, reached, strict=True) if mark)
