"""The encoder's trained part: a committee whose members answer every question by a pooling by learned queries, a hidden
layer, and one linear head per question.

The encoder's layers stay as they were pre-trained. They are run once per message, their output is kept
(`training.encoder_export.activations_of`), and only what is here learns: a hundredth of the cost of training them
all. All questions learn at once, each message from the answers that it has. The members start differently, learn
apart, and the mean of their scores counts: it errs less than one of them, and costs next to nothing beside the layers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score
from torch import nn
from torch.nn import functional

UNKNOWN: Final = -100
"""The answer of a message to a question that nobody answered; torch leaves it out of the loss."""
KEY: Final = "key"

Activations = NDArray[np.float16]
Rows = NDArray[np.int64]
Epoch = Callable[[int, float], None]
"""Called after each epoch with its number and the average precision on the watched messages."""


@dataclass(frozen=True)
class Design:
    """What is trained and how.

    Attributes:
        layers: of the encoder that are used, the lowest; they stay as they are.
        tokens: the longest input; of a longer message the beginning and the last `tail` tokens.
        tail: see `tokens`.
        members: of the committee.
        queries: learned queries of a member that pool the tokens, beside their mean.
        hidden: width of a member's layer between pooling and heads.
        epochs: at most so many passes over the messages.
        patience: so many epochs in which the watched messages are ranked no better end the training.
        batch: messages a step.
        rate: learning rate.
        dropout: share of the vector that is left out at each step.
        decay: weight decay.
        weights: of each question in the loss.
    """

    layers: int = 10
    tokens: int = 256
    tail: int = 64
    members: int = 3
    queries: int = 8
    hidden: int = 512
    epochs: int = 5
    patience: int = 2
    batch: int = 16
    rate: float = 1e-3
    dropout: float = 0.2
    decay: float = 0.05
    weights: tuple[tuple[str, float], ...] = (
        ("nature", 0.3),
        ("field", 0.3),
        ("topic", 0.1),
        ("class", 0.3),
        ("accused", 0.5),
        ("act", 0.5),
    )


@dataclass(frozen=True)
class Lesson:
    """Messages to learn from.

    Attributes:
        activations: output of the encoder's layers, one array (tokens x width) a message.
        answers: by question, the number of the answer of each message, or `UNKNOWN`.
        weights: how much the key answer of each message counts.
    """

    activations: Sequence[Activations]
    answers: Mapping[str, Rows]
    weights: NDArray[np.float64]


class Above(NamedTuple):
    """What the members see of some messages: each messages x tokens x width, the last one messages x tokens x 1.

    Attributes:
        hidden: output of the encoder's layers.
        keys: what the queries are compared with.
        present: 1 where a token is, else 0.
    """

    hidden: torch.Tensor
    keys: torch.Tensor
    present: torch.Tensor


class Member(nn.Module):  # type: ignore[misc]  # torch is not typed strictly
    """One of the committee: queries, hidden layer, heads."""

    def __init__(self, width: int, design: Design, sizes: Mapping[str, int]) -> None:
        super().__init__()
        self.queries = nn.Parameter(torch.randn(design.queries, width) * 0.02)
        size = width * (1 + design.queries)
        self.norm = nn.LayerNorm(size)
        self.dropout = nn.Dropout(design.dropout)
        self.hidden = nn.Linear(size, design.hidden)
        self.heads = nn.ModuleDict({name: nn.Linear(design.hidden, count) for name, count in sizes.items()})

    def vector(self, above: Above) -> torch.Tensor:
        """Return the vector of each message: messages x `Design.hidden`."""
        hidden, keys, present = above
        mean = (hidden * present).sum(1) / present.sum(1)
        looked = keys @ self.queries.T.to(keys.dtype)
        shares = (looked + (1 - present) * -1e4).softmax(1)
        pooled = (shares.transpose(1, 2) @ hidden).flatten(1)
        seen = self.dropout(self.norm(torch.cat([mean, pooled], 1).float()))
        result: torch.Tensor = functional.gelu(self.hidden(seen))
        return result

    def forward(self, above: Above) -> dict[str, torch.Tensor]:
        """Return the scores of each question: messages x answers."""
        vector = self.dropout(self.vector(above))
        return {name: head(vector).float() for name, head in self.heads.items()}


class Net(nn.Module):  # type: ignore[misc]
    """The committee over the output of the encoder's layers."""

    def __init__(self, width: int, design: Design, sizes: Mapping[str, int]) -> None:
        """Start over an encoder of ``width``; ``sizes`` gives the number of answers of each question."""
        super().__init__()
        self.look = nn.Linear(width, width)
        self.members = nn.ModuleList(Member(width, design, sizes) for _ in range(design.members))

    def _above(self, hidden: torch.Tensor, there: torch.Tensor) -> Above:
        return Above(hidden, torch.tanh(self.look(hidden)), there.unsqueeze(-1).to(hidden.dtype))

    def vector(self, hidden: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
        """Return the members' vectors of each message side by side.

        ``hidden`` is messages x tokens x width, ``there`` says where a token is.
        """
        above = self._above(hidden, there)
        return torch.cat([member.vector(above) for member in self.members], 1)

    def forward(self, hidden: torch.Tensor, there: torch.Tensor) -> list[dict[str, torch.Tensor]]:
        """Return each member's scores of each question: messages x answers."""
        above = self._above(hidden, there)
        return [member(above) for member in self.members]

    def head(self, name: str) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Return weights (vector x answers) and intercepts that make `vector` the members' mean score."""
        layers = [member.heads[name] for member in self.members]
        weights = np.concatenate([layer.weight.detach().numpy().T for layer in layers])
        intercepts = np.mean([layer.bias.detach().numpy().astype(np.float64) for layer in layers], axis=0)
        return (weights / len(layers)).astype(np.float32), intercepts


def train_net(
    lesson: Lesson,
    *,
    sizes: Mapping[str, int],
    watched: Rows,
    design: Design,
    seed: int,
    epoch: Epoch | None = None,
) -> Net:
    """Train on the messages that are not ``watched``, and return the state that ranked those best.

    With none to watch the last state is returned.

    The same arguments give the same weights on one machine with one thread.
    """
    torch.manual_seed(seed)
    generator = np.random.default_rng(seed)
    net = Net(lesson.activations[0].shape[1], design, sizes)
    outer = np.setdiff1d(np.arange(len(lesson.activations)), watched)
    steps = design.epochs * -(-len(outer) // design.batch)
    optimizer, schedule = _optimizer(net, design, steps=steps)
    best, kept, waited = -1.0, deepcopy(net.state_dict()), 0
    for number in range(design.epochs):
        net.train()
        for rows in shuffled_batches(lesson.activations, outer, size=design.batch, generator=generator):
            loss = _loss(net, lesson, rows, design)
            optimizer.zero_grad()
            loss.backward()
            _clip(net)
            optimizer.step()
            schedule.step()
        if not len(watched):
            continue
        scores = key_scores(net, [lesson.activations[row] for row in watched])
        reached = float(average_precision_score(lesson.answers[KEY][watched], scores))
        if epoch is not None:
            epoch(number, reached)
        waited = 0 if reached > best else waited + 1
        if reached > best:
            best, kept = reached, deepcopy(net.state_dict())
        if waited >= design.patience:
            break
    if len(watched):
        net.load_state_dict(kept)
    net.eval()
    return net


def scores_of(
    net: Net, activations: Sequence[Activations], *, batch: int = 32
) -> dict[str, NDArray[np.float64]]:
    """Return the scores of each question for some messages: messages x answers."""
    net.eval()
    order = np.argsort([len(one) for one in activations], kind="stable")
    found: dict[str, list[NDArray[np.float64]]] = {}
    with torch.inference_mode():
        for start in range(0, len(order), batch):
            answers = net(*_tensors([activations[row] for row in order[start : start + batch]]))
            for name in answers[0]:
                mean = torch.stack([scores[name] for scores in answers]).mean(0)
                found.setdefault(name, []).append(mean.numpy().astype(np.float64))
    back = np.argsort(order, kind="stable")
    return {name: np.concatenate(parts)[back] for name, parts in found.items()}


def key_scores(net: Net, activations: Sequence[Activations]) -> NDArray[np.float64]:
    """Return the key score of some messages."""
    return scores_of(net, activations)[KEY][:, 0]


def shuffled_batches(
    activations: Sequence[Activations], rows: Rows, *, size: int, generator: np.random.Generator
) -> Iterator[Rows]:
    """Yield the rows in batches of messages of about the same length, in an order drawn anew each time."""
    lengths = np.array([len(activations[row]) for row in rows]) + generator.normal(0, 25, len(rows))
    ordered = rows[np.argsort(lengths)]
    parts = [ordered[start : start + size] for start in range(0, len(ordered), size)]
    for place in generator.permutation(len(parts)):
        yield parts[place]


def _optimizer(net: Net, design: Design, *, steps: int) -> tuple[Any, Any]:
    optimizer = torch.optim.AdamW(net.parameters(), lr=design.rate, weight_decay=design.decay)
    warm = max(1, steps // 10)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / warm) * max(0.02, 1 - step / steps)
    )
    return optimizer, schedule


def _loss(net: Net, lesson: Lesson, rows: Rows, design: Design) -> torch.Tensor:
    """Return the sum of the members' losses, each over its own scores."""
    with torch.autocast("cpu", torch.bfloat16):
        answers = net(*_tensors([lesson.activations[row] for row in rows]))
    weights = torch.from_numpy(lesson.weights[rows]).float()
    keys = torch.from_numpy(lesson.answers[KEY][rows]).float()
    right = {name: torch.from_numpy(lesson.answers[name][rows]) for name, _ in design.weights}
    loss = torch.zeros(())
    for scores in answers:
        each = functional.binary_cross_entropy_with_logits(scores[KEY][:, 0], keys, reduction="none")
        loss = loss + (each * weights).sum() / weights.sum()
        for name, share in design.weights:
            if bool((right[name] != UNKNOWN).any()):
                loss = loss + share * functional.cross_entropy(
                    scores[name], right[name], label_smoothing=0.05
                )
    return loss


def _clip(net: Net) -> None:
    """Shorten long gradients, of each member apart: a committee learns no slower than one of it."""
    for part in (net.look, *net.members):
        nn.utils.clip_grad_norm_(part.parameters(), 1.0)


def _tensors(activations: Sequence[Activations]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return activations filled up to the longest of them, and where a token is."""
    longest = max(len(one) for one in activations)
    hidden = torch.zeros(len(activations), longest, activations[0].shape[1])
    there = torch.zeros(len(activations), longest, dtype=torch.bool)
    for row, one in enumerate(activations):
        hidden[row, : len(one)] = torch.from_numpy(one.astype(np.float32))
        there[row, : len(one)] = True
    return hidden, there
