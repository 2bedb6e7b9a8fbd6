"""A simulated inbox: short messages and web letters, some about what was planted, most about everything else."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Final

from simulation import phrases
from simulation.phrases_wider import Matter
from simulation.timeline import Period
from simulation.truth import Brief, Story

INBOX_COLUMNS: Final = (
    "received_at", "channel", "message_id", "sender_phone", "village_name", "village_code", "text",
)  # fmt: skip
TRUTH_COLUMNS: Final = ("message_id", "key", "nature", "field", "scheme", "village_code", "officials")
WINDOW_DAYS: Final = 180  # the inbox holds the last half-year
SHARES: Final = {
    "planted": 40,
    "other_accusation": 14,
    "appeal": 24,
    "question": 11,
    "suggestion": 4,
    "slogan": 3,
    "noise": 4,
}
"""Of a hundred messages. With nothing planted, complaints about innocent coincidences and others remain."""
EVERYDAY: Final[dict[str, tuple[tuple[Matter, ...], int, str]]] = {
    "other_accusation": (phrases.OTHER_ALLEGATIONS, 1, "accusation"),
    "appeal": (phrases.APPEALS, 0, "appeal_for_help"),
    "question": (phrases.QUESTIONS, 0, "consultation"),
    "suggestion": (phrases.SUGGESTIONS, 0, "suggestion"),
    "slogan": ((Matter("other", phrases.SLOGANS),), 0, "accusation"),
}
"""Kinds of message about nothing planted: what they say, whether they are key matters, their nature."""
CROWD: Final = 0.035  # of messages, sent on by several people with small changes
HOURS: Final = (0, 0, 0, 0, 0, 1, 2, 4, 8, 9, 8, 6, 5, 5, 7, 7, 6, 5, 5, 7, 9, 8, 4, 2)


@dataclass(frozen=True, slots=True)
class Message:
    at: datetime
    channel: str  # sms | web
    sender: str
    village: Brief | None  # as far as the channel knows it
    text: str
    key: int
    nature: str
    field: str
    scheme: str = ""
    about: Brief | None = None
    officials: tuple[str, ...] = ()


def write_inbox(out: Path, briefs: Sequence[Brief], *, number: int, period: Period, seed: int) -> int:
    """Write `inbox.csv` and `inbox_truth.csv`, in order of time; returns the number of messages."""
    rnd = Random(f"{seed}:inbox")
    writer = _Letters(briefs, period=period, rnd=rnd)
    messages: list[Message] = []
    while len(messages) < number:
        message = writer.message()
        messages.append(message)
        if rnd.random() < CROWD and message.text not in phrases.NOISE:
            messages += writer.passed_on(message)[: number - len(messages)]
    messages.sort(key=lambda message: (message.at, message.sender, message.text))
    _write(out, messages)
    return len(messages)


def _write(out: Path, messages: Sequence[Message]) -> None:
    with (
        (out / "inbox.csv").open("w", encoding="utf-8-sig", newline="") as inbox_file,
        (out / "inbox_truth.csv").open("w", encoding="utf-8-sig", newline="") as truth_file,
    ):
        inbox, truth = csv.writer(inbox_file), csv.writer(truth_file)
        inbox.writerow(INBOX_COLUMNS)
        truth.writerow(TRUTH_COLUMNS)
        for turn, message in enumerate(messages, start=1):
            number = f"{message.channel.upper()}{message.at:%Y%m%d}{turn:06d}"
            name, code = (message.village.name, message.village.code) if message.village else ("", "")
            inbox.writerow(
                (
                    message.at.isoformat(sep=" "),
                    message.channel,
                    number,
                    message.sender,
                    name,
                    code,
                    message.text,
                )
            )
            about = message.about.code if message.about else ""
            truth.writerow(
                (
                    number,
                    message.key,
                    message.nature,
                    message.field,
                    message.scheme,
                    about,
                    ";".join(message.officials),
                )
            )


class _Letters:
    """Writes messages: whom they are about, what they say, and how."""

    def __init__(self, briefs: Sequence[Brief], *, period: Period, rnd: Random) -> None:
        self._briefs = briefs
        self._period = period
        self._rnd = rnd
        told = [
            (brief, story)
            for brief in briefs
            for story in brief.stories
            if story.scheme in phrases.ALLEGATIONS
        ]
        self._told = told
        self._weights = [story.conspicuous * (1 if story.kind == "scheme" else 0.15) for _, story in told]

    def message(self) -> Message:
        kind = self._rnd.choices(list(SHARES), list(SHARES.values()))[0]
        if kind == "planted" and self._told:
            return self._planted()
        brief = self._rnd.choice(self._briefs)
        if kind == "noise":
            text = self._rnd.choice(phrases.NOISE)
            return self._sent(brief, text, key=0, nature="consultation", field="other")
        matters, key, nature = EVERYDAY.get(kind, EVERYDAY["other_accusation"])
        return self._compose(brief, self._rnd.choice(matters), key=key, nature=nature)

    def passed_on(self, message: Message) -> list[Message]:
        """The same message from two to six other senders within two days, hardly changed."""
        changes: tuple[Callable[[str], str], ...] = (
            str,
            lambda text: f"{text}。",
            lambda text: f"转发：{text}",
            lambda text: text.replace("，", " ", 1),
        )
        return [
            replace(
                message,
                at=min(self._last(), message.at + timedelta(minutes=self._rnd.randint(5, 2880))),
                sender=self._phone(),
                text=self._rnd.choice(changes)(message.text),
            )
            for _ in range(self._rnd.randint(2, 6))
        ]

    def _planted(self) -> Message:
        brief, story = self._rnd.choices(self._told, self._weights)[0]
        return self._compose(
            brief, phrases.ALLEGATIONS[story.scheme], key=1, nature="accusation", story=story
        )

    def _compose(
        self, brief: Brief, matter: Matter, *, key: int, nature: str, story: Story | None = None
    ) -> Message:
        """Put a message together from an opening, the place, what is said, details and a demand."""
        rnd = self._rnd
        says = rnd.choice(matter.says)
        if nature == "accusation":
            parts = [rnd.choice(phrases.OPENINGS), rnd.choice(phrases.WHERE), says]
            tail = [rnd.choice(phrases.DETAILS), rnd.choice(phrases.DEMANDS)]
            if rnd.random() < 0.35:
                tail.insert(0, rnd.choice(phrases.DETAILS))
        else:
            where = rnd.choice(phrases.WHERE) if rnd.random() < 0.5 else ""
            parts = [rnd.choice(phrases.POLITE_OPENINGS), where, says]
            tail = [rnd.choice(("", "", "谢谢", "请回复", "麻烦了", "盼处理"))]
        tail = [text for text in dict.fromkeys(tail) if text]
        text = "".join(parts) + "".join(rnd.choice(("，", "。", "，", "！")) + more for more in tail)
        text = self._blur(self._fill(text, brief, story))
        return self._sent(brief, text, key=key, nature=nature, field=matter.field, story=story)

    def _fill(self, text: str, brief: Brief, story: Story | None) -> str:
        rnd = self._rnd
        fen = story.amount_fen if story and story.amount_fen else rnd.randrange(50_000, 3_000_000)
        place = rnd.choice((brief.town_name + brief.name, brief.name, brief.town_name + brief.name))
        return text.format(
            place=place,
            actor=story.actor if story else rnd.choice(brief.call_names),
            yuan=_spoken_sum(fen, rnd),
            year=story.first_on.year if story else self._period.end.year - rnd.randint(0, 2),
            kin=rnd.choice(phrases.KIN),
            months=rnd.randint(3, 20),
        )

    def _blur(self, text: str) -> str:
        """Misspellings, missing stops, shouting: as people type."""
        rnd = self._rnd
        if rnd.random() < 0.2:
            text = text.replace(*rnd.choice(phrases.MISSPELT))
        if rnd.random() < 0.15:
            text = text.replace("，", " ").replace("。", " ")
        if rnd.random() < 0.1:
            text += rnd.choice(("！！！", "？？", "！", "。。。"))
        return text.strip()

    def _sent(
        self, brief: Brief, text: str, *, key: int, nature: str, field: str, story: Story | None = None
    ) -> Message:
        rnd = self._rnd
        channel = rnd.choices(("sms", "web"), (65, 35))[0]
        known = rnd.random() < (0.85 if channel == "web" else 0.1)
        return Message(
            at=self._moment(),
            channel=channel,
            sender=self._phone(),
            village=brief if known else None,
            text=text,
            key=key,
            nature=nature,
            field=field,
            scheme=story.scheme if story else "",
            about=brief if text not in phrases.NOISE else None,
            officials=story.officials if story else (),
        )

    def _moment(self) -> datetime:
        day = self._period.end - timedelta(days=self._rnd.randrange(WINDOW_DAYS))
        hour = self._rnd.choices(range(24), HOURS)[0]
        return datetime.combine(day, time(hour, self._rnd.randrange(60), self._rnd.randrange(60)))

    def _last(self) -> datetime:
        return datetime.combine(self._period.end, time(23, 59, 59))

    def _phone(self) -> str:
        """A number of the unassigned range 17000."""
        return f"17000{self._rnd.randrange(1_000_000):06d}"


def _spoken_sum(fen: int, rnd: Random) -> str:
    """About 12,340 yuan as people say it: 1.2万, 一万多, 12000元."""
    yuan = fen // 100
    if yuan >= 10_000:
        return rnd.choice((f"{yuan / 10_000:.1f}万", f"{yuan // 10_000}万多", f"{yuan // 1000 * 1000}元"))
    return rnd.choice((f"{max(1, yuan // 100) * 100}元", f"{max(1, yuan // 100) * 100}多块"))
