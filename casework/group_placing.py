"""Where messages of a batch belong while it is placed: groups, exemplars, and which of them a message is a copy of. Pure.

What is kept of it in the database is `casework.group_index`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Final

from casework.access import reader_of
from ml.triage.copies import FLOOR, THRESHOLD, Shingles, similarity

_MOST_CANDIDATES: Final = 24
_BUSY, _BUSY_EXEMPLARS = 2, 8
"""A message that no band key leads anywhere is compared with some exemplars of the groups that grow most in its
batch: in a mailing one missed copy would else found a second group, to which its like would go."""


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """What grouping reads of a message.

    text: the work text. urgency: what presses. words: the keywords in it. doubtful: the model takes it for a key matter
    or leaves it to a person.
    """

    text: str
    division: str
    about: str | None
    simulated: bool
    at: datetime
    urgency: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    doubtful: bool = False


@dataclass(frozen=True)
class PutAside:
    """A lead that a person read and found no key matter, so that nobody looks at the group any more. text: compacted."""

    urgency: frozenset[str]
    text: str
    doubtful: bool

    def holds(self, message: Incoming) -> bool:
        """Whether all that makes a person read the message stood in the lead."""
        return (
            message.urgency <= self.urgency
            and message.doubtful <= self.doubtful
            and all(word in self.text for word in message.words)
        )


@dataclass(eq=False, kw_only=True)
class Group:
    """A group while a batch is placed.

    lead: complaint id of the lead; of a new group its place in this batch. about, office: of the lead.
    learned: a copy in this batch was the first to name what the group speaks of.
    """

    lead: int
    new: bool
    about: str | None
    exemplars: int
    last_at: datetime
    office: str | None = None
    put_aside: PutAside | None = None
    learned: bool = False

    def lead_id(self, ids: Sequence[int]) -> int:
        return ids[self.lead] if self.new else self.lead

    def takes(self, message: Incoming) -> bool:
        """Whether a copy may join: one about another village may not, nor one that would be buried here."""
        if message.about and self.about and message.about != self.about:
            return False
        return self.put_aside is None or self.put_aside.holds(message)

    def join(self, message: Incoming) -> None:
        self.learned |= self.about is None and message.about is not None
        self.about = self.about or message.about
        self.last_at = max(self.last_at, message.at)


@dataclass(eq=False)
class Exemplar:
    """root: shingles of the message with which its chain of copies began. root_id: None while that is in this batch."""

    group: Group
    shingles: Shingles
    root: Shingles
    root_id: int | None


@dataclass(frozen=True)
class NewExemplar:
    """A message of the batch that becomes an exemplar. root_id: None when its group began in this batch."""

    row: int
    text: str
    keys: list[int]
    root_id: int | None


@dataclass
class Placement:
    """Where each message of a batch belongs, and which of them become exemplars."""

    groups: list[Group]
    new_exemplars: list[NewExemplar] = field(default_factory=list)

    def lead_id(self, row: int, ids: Sequence[int]) -> int:
        """Complaint id of the lead of a message; ids: what the messages of the batch got."""
        return self.groups[row].lead_id(ids)

    def about_of(self, row: int) -> str | None:
        """What the group of a message speaks of: the message itself, or else another of the group."""
        return self.groups[row].about

    def office_of(self, row: int) -> str | None:
        """The office that handles the case behind which a message stands and may read what the group speaks of."""
        return reader_of(self.groups[row].office, about=self.groups[row].about)

    def is_lead(self, row: int) -> bool:
        return self.groups[row].new and self.groups[row].lead == row


@dataclass
class Index:
    """Exemplars by band key, the new ones of the batch, too; how many of it each group took, and which led there."""

    by_key: defaultdict[int, list[Exemplar]]
    busy: Counter[Group] = field(default_factory=Counter)
    led: defaultdict[Group, list[Exemplar]] = field(default_factory=lambda: defaultdict(list))

    def nearest(
        self, message: Incoming, keys: Sequence[int], shingles: Shingles
    ) -> tuple[Exemplar, float] | None:
        """Of what the keys propose; else, of a readable message, of the groups that grow most."""
        found = _nearest(_sharing(self.by_key, keys, message), shingles)
        if found is None and keys:
            of_busy = (one for group, _ in self.busy.most_common(_BUSY) for one in self.led[group])
            found = _nearest((one for one in of_busy if one.group.takes(message)), shingles)
        return found

    def note(self, exemplar: Exemplar) -> None:
        """A message joined the group of this exemplar."""
        self.busy[exemplar.group] += 1
        led = self.led[exemplar.group]
        if exemplar not in led and len(led) < _BUSY_EXEMPLARS:
            led.append(exemplar)

    def add(self, exemplar: Exemplar, keys: Sequence[int]) -> None:
        for key in keys:
            self.by_key[key].append(exemplar)


def _sharing(
    index: defaultdict[int, list[Exemplar]], keys: Iterable[int], message: Incoming
) -> list[Exemplar]:
    """The exemplars that share band keys in groups that the message may join, `_MOST_CANDIDATES` of them at most,
    those that share most first."""
    shared = Counter(chain.from_iterable(index.get(key, ()) for key in keys))
    open_to_it = Counter({one: number for one, number in shared.items() if one.group.takes(message)})
    return [exemplar for exemplar, _ in open_to_it.most_common(_MOST_CANDIDATES)]


def _nearest(candidates: Iterable[Exemplar], shingles: Shingles) -> tuple[Exemplar, float] | None:
    """The most similar exemplar of which the message is a copy, and how similar; the earlier one of equals."""
    best: tuple[Exemplar, float] | None = None
    for exemplar in candidates:
        found = similarity(shingles, exemplar.shingles)
        if found < THRESHOLD or (best is not None and found <= best[1]):
            continue
        if exemplar.root is not exemplar.shingles and similarity(shingles, exemplar.root) < FLOOR:
            continue
        best = (exemplar, found)
        if found == 1.0:
            break
    return best
