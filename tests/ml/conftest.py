"""A shipped model and a second stage over a made-up encoder, for the tests of triage."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from ml.triage import TriageModel
from ml.triage.cascade import QUESTIONS, Gate, Mix, SecondStage
from ml.triage.heads import Decision, Head
from ml.triage.model import BASE
from tests.ml.encoders import WIDTH, tiny_encoder
from training.encoder_export import whole_encoder
from training.encoder_lesson import LABELS
from training.encoder_net import Design, Net

DESIGN = Design(layers=2, tokens=48, tail=12)


@pytest.fixture(scope="session")
def shipped() -> TriageModel:
    return TriageModel.load(BASE)


@pytest.fixture(scope="session")
def fast(shipped: TriageModel) -> TriageModel:
    return replace(shipped, second=None)


@pytest.fixture(scope="session")
def second(fast: TriageModel, tmp_path_factory: pytest.TempPathFactory) -> SecondStage:
    """A stage over a made-up encoder with random heads, asked about everything."""
    folder = tiny_encoder(tmp_path_factory.mktemp("tiny") / "source")
    torch.manual_seed(1)
    net = Net(WIDTH, DESIGN, {name: len(labels) for name, labels in LABELS.items()})
    generator = np.random.default_rng(0)
    heads = {
        name: Head(
            fast.heads[name].labels,
            generator.normal(size=(DESIGN.members * DESIGN.hidden, len(fast.heads[name].labels)))
            .astype(np.float16)
            .astype(np.float32),
            np.zeros(len(fast.heads[name].labels)),
        )
        for name in QUESTIONS
    }
    mixes = {name: Mix(1.0, 0.01) for name in QUESTIONS}
    decision = Decision(1.0, 0.0, threshold=0.5, unsure_from=0.4, unsure_to=0.6)
    return SecondStage(whole_encoder(folder, net, DESIGN), heads, mixes, Gate(0.0, 2.0), decision)
