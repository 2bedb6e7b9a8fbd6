"""From a transformers folder and a trained net to networks for onnxruntime, with 8-bit weights.

Two of them: the frozen layers alone, which make the activations that training reads, and the whole encoder, which
serves. Both quantise the frozen layers alike, so training sees what serving will see. Weights use seven of the eight
bits: with all eight, sums overflow on processors that have no instruction for such products, and machines would
disagree.
"""

from __future__ import annotations

import hashlib
import logging
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import nn
from transformers import BertModel
from transformers.utils import logging as transformers_logging

from ml.triage.encoder import Encoder, Reading
from training.encoder_net import Activations, Design, Net
from training.encoder_source import prefix_of

transformers_logging.disable_progress_bar()

OPSET = 17
_EXAMPLE = 24


class _Frozen(nn.Module):  # type: ignore[misc]
    """Embeddings and the layers that are used: ids to the output of the last of them."""

    def __init__(self, model: BertModel, layers: int) -> None:
        super().__init__()
        self.embeddings = model.embeddings
        self.layers = nn.ModuleList(list(model.encoder.layer)[:layers])

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        hidden = self.embeddings(input_ids=ids)
        for layer in self.layers:
            out = layer(hidden)
            hidden = out[0] if isinstance(out, tuple) else out
        result: torch.Tensor = hidden
        return result


class _Whole(nn.Module):  # type: ignore[misc]
    """The whole encoder: ids of one message to its vector."""

    def __init__(self, frozen: _Frozen, net: Net) -> None:
        super().__init__()
        self.frozen, self.net = frozen, net

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.net.vector(self.frozen(ids), torch.ones_like(ids, dtype=torch.bool))


def frozen_encoder(folder: Path, design: Design, *, quantised: bool = True) -> Encoder:
    """Return the frozen layers of the encoder in ``folder``; each output is tokens x width."""
    return _encoder(_frozen(folder, design), folder, design, quantised=quantised)


def whole_encoder(folder: Path, net: Net, design: Design, *, quantised: bool = True) -> Encoder:
    """Return the encoder with its trained part; each output is one vector, to which the heads of ``net`` belong."""
    return _encoder(_Whole(_frozen(folder, design), net).eval(), folder, design, quantised=quantised)


def activations_of(encoder: Encoder, masked: Sequence[str], *, kept: Path) -> list[Activations]:
    """Return the output of the frozen layers for masked messages, from the file ``kept`` where it fits.

    The file holds the activations of exactly these messages under exactly this network, else it is made anew.
    """
    mark = hashlib.sha256(encoder.network)
    mark.update(repr((encoder.reading, list(masked))).encode())
    name = kept / f"activations-{mark.hexdigest()[:16]}.npz"
    if not name.is_file():
        found = [one.astype(np.float16) for one in encoder.outputs(masked)]
        kept.mkdir(parents=True, exist_ok=True)
        np.savez(name, all=np.concatenate(found), lengths=[len(one) for one in found])
    with np.load(name, allow_pickle=False) as stored:
        ends = np.cumsum(stored["lengths"])
        return np.split(stored["all"], ends[:-1])


def _frozen(folder: Path, design: Design) -> _Frozen:
    model = BertModel.from_pretrained(folder, add_pooling_layer=False, attn_implementation="eager")
    frozen = _Frozen(model, design.layers)
    frozen.eval()
    return frozen


def _encoder(module: nn.Module, folder: Path, design: Design, *, quantised: bool) -> Encoder:
    reading = Reading(prefix_of(folder), design.tokens, design.tail)
    tokenizer = (folder / "tokenizer.json").read_bytes()
    with tempfile.TemporaryDirectory() as aside:
        plain, small = Path(aside) / "plain.onnx", Path(aside) / "small.onnx"
        _export(module, plain)
        if quantised:
            logging.disable(logging.WARNING)  # it recommends a step that needs another package
            try:
                quantize_dynamic(
                    plain, small, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True
                )
            finally:
                logging.disable(logging.NOTSET)
        return Encoder((small if quantised else plain).read_bytes(), tokenizer, reading)


def _export(module: nn.Module, path: Path) -> None:
    ids = torch.ones(1, _EXAMPLE, dtype=torch.long)
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")  # the older exporter is announced to go; the newer needs onnxscript
        torch.onnx.export(
            module,
            (ids,),
            str(path),
            input_names=["ids"],
            output_names=["out"],
            dynamic_axes={"ids": {1: "tokens"}, "out": {1: "tokens"}},
            dynamo=False,
            opset_version=OPSET,
        )
