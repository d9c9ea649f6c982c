"""Gold records to training targets: which columns of ``models.heads`` should be on, and where the loss applies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from models.heads import (
    AGAINST_NAMES,
    DOCUMENT_COLUMNS,
    DOCUMENT_GROUPS,
    ENTITY_TAGS,
    RELATIONSHIP_NAMES,
    ROLE_NAMES,
    STATUS_NAMES,
    width,
)
from models.windows import Window, Windower
from nlp.taxonomy import BEHAVIOUR_NAMES, CODE_NAMES, FOUR, Label, Occasions, Offence, Role
from training.corpus import Record

IGNORE = -100
OCCASION_RANK = {o: rank for rank, o in enumerate(Occasions)}


@dataclass(frozen=True)
class Example:
    """One document ready to batch. Token arrays are one a window, as long as the window's ids.

    ``inside``, ``begin``: float [L, codes]. ``status``, ``entity``, ``role``: int [L], IGNORE where no loss applies.
    ``document``, ``document_weight``: float [M]; softmax groups are one-hot.
    """

    windows: list[Window]
    inside: list[npt.NDArray[np.float32]]
    begin: list[npt.NDArray[np.float32]]
    status: list[npt.NDArray[np.int64]]
    entity: list[npt.NDArray[np.int64]]
    role: list[npt.NDArray[np.int64]]
    document: npt.NDArray[np.float32]
    document_weight: npt.NDArray[np.float32]
    label: Label

    @property
    def tokens(self) -> int:
        """Tokens to encode, special ones included."""
        return sum(len(w.ids) for w in self.windows)


def document_targets(record: Record) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return the targets and the loss weights of the document columns."""
    values = np.zeros(width(DOCUMENT_GROUPS), dtype=np.float32)
    weights = np.zeros_like(values)
    at = DOCUMENT_COLUMNS
    unclear = record.label is Label.UNCLEAR
    # An unclear report is halfway, and counts little: it is there to teach asking, not the boundary.
    values[at["label"]] = [0.5 if unclear else float(record.label is Label.STALKING), float(unclear)]
    weights[at["label"]] = [0.3 if unclear else 1.0, 1.0]
    values[at["four"]] = [float(record.four[name]) for name in FOUR]
    weights[at["four"]] = 1.0
    if record.occasions is not None:
        rank = OCCASION_RANK[record.occasions]
        values[at["occasions"]] = [float(rank >= n) for n in (1, 2, 3)]
        weights[at["occasions"]] = 1.0
    values[at["relationship"]] = [float(record.relationship.value == name) for name in RELATIONSHIP_NAMES]
    weights[at["relationship"]] = 1.0
    values[at["offence"]] = float(record.offence is Offence.S4A)
    weights[at["offence"]] = float(record.label is Label.STALKING)
    if record.against is not None:
        values[at["against"]] = [float(name in record.against) for name in AGAINST_NAMES]
        weights[at["against"]] = 1.0
    return values, weights


def build_example(record: Record, windower: Windower) -> Example:
    """Align the spans of one record with its windows."""
    windows = windower.windows(record.text)
    inside, begin, status, entity, role = [], [], [], [], []
    for window in windows:
        n = len(window.ids)
        i = np.zeros((n, len(CODE_NAMES)), dtype=np.float32)
        b = np.zeros_like(i)
        s = np.full(n, IGNORE, dtype=np.int64)
        e = np.full(n, 0 if record.entities is not None else IGNORE, dtype=np.int64)
        r = np.full(n, IGNORE, dtype=np.int64)
        for span in record.spans:
            code = CODE_NAMES.index(span.code)
            for t in _covered(window, span.start, span.end):
                i[t, code] = 1.0
                if window.offsets[t][0] <= span.start:
                    b[t, code] = 1.0
                if span.code in BEHAVIOUR_NAMES:
                    s[t] = STATUS_NAMES.index(span.status.value)
        for mention in record.entities or []:
            for t in _covered(window, mention.start, mention.end):
                first = window.offsets[t][0] <= mention.start
                e[t] = ENTITY_TAGS.index(f"{'B' if first else 'I'}-{mention.type.value}")
                if mention.role is not Role.NONE:
                    r[t] = ROLE_NAMES.index(mention.role.value)
        inside.append(i)
        begin.append(b)
        status.append(s)
        entity.append(e)
        role.append(r)
    values, weights = document_targets(record)
    return Example(windows, inside, begin, status, entity, role, values, weights, record.label)


def _covered(window: Window, start: int, end: int) -> list[int]:
    return [t for t, (a, b) in enumerate(window.offsets) if b > a and a < end and b > start]


@dataclass(frozen=True)
class TrainingBatch:
    """Tensors of one step; token tensors [W, L, …], document tensors [D, M]; ``twins`` rows are (stalking, not) document indices."""

    inputs: tuple[Tensor, Tensor, Tensor, Tensor]
    inside: Tensor
    begin: Tensor
    status: Tensor
    entity: Tensor
    role: Tensor
    document: Tensor
    document_weight: Tensor
    twins: Tensor


def collate(examples: Sequence[Example], twins: Sequence[tuple[int, int]], windower: Windower) -> TrainingBatch:
    """Pad ``examples`` into one batch; ``twins`` are index pairs into it."""
    batch = windower.batch([e.windows for e in examples])
    length = batch.input_ids.shape[1]

    def pad(arrays: list[npt.NDArray[np.generic]], fill: float) -> Tensor:
        out = np.full((len(arrays), length, *arrays[0].shape[1:]), fill, dtype=arrays[0].dtype)
        for row, array in enumerate(arrays):
            out[row, : len(array)] = array
        return torch.from_numpy(out)

    def flat(name: str) -> list[npt.NDArray[np.generic]]:
        return [array for e in examples for array in getattr(e, name)]

    return TrainingBatch(
        inputs=(
            torch.from_numpy(batch.input_ids),
            torch.from_numpy(batch.attention_mask),
            torch.from_numpy(batch.core),
            torch.from_numpy(batch.membership),
        ),
        inside=pad(flat("inside"), 0.0),
        begin=pad(flat("begin"), 0.0),
        status=pad(flat("status"), IGNORE),
        entity=pad(flat("entity"), IGNORE),
        role=pad(flat("role"), IGNORE),
        document=torch.from_numpy(np.stack([e.document for e in examples])),
        document_weight=torch.from_numpy(np.stack([e.document_weight for e in examples])),
        twins=torch.tensor(list(twins), dtype=torch.long).reshape(-1, 2),
    )
