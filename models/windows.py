"""Texts to encoder windows: overlapping, nothing dropped, offsets kept.

A text longer than the encoder reads is cut into windows that overlap. Every token belongs to the *core* of exactly one
window, the one where it has most context on both sides; heads and pooling use core tokens only, so that overlap
counts nothing twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Window:
    """One encoder input. ``ids`` include the special tokens; ``core`` is 1 where this window owns the token."""

    ids: list[int]
    core: list[int]
    offsets: list[tuple[int, int]]


@dataclass(frozen=True)
class Batch:
    """Encoder inputs for some documents: W windows of length L, D documents.

    ``input_ids``, ``attention_mask``: int64 [W, L]. ``core``: float32 [W, L]. ``membership``: float32 [D, W], 1 where the
    window is a part of the document.
    """

    input_ids: Ints
    attention_mask: Ints
    core: Floats
    membership: Floats


class Windower:
    """Cuts texts with a fast tokenizer. ``length`` is the window in tokens with the two special ones; ``overlap`` in tokens."""

    def __init__(self, tokenizer: Tokenizer, length: int = 256, overlap: int = 64) -> None:
        if not 0 <= overlap < length - 2:
            raise ValueError("overlap must be at least 0 and less than the window")
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self.tokenizer, self.length, self.overlap = tokenizer, length, overlap
        probe = tokenizer.encode("", add_special_tokens=True).ids
        if len(probe) != 2:
            raise ValueError("the tokenizer must add one special token before and one after")
        self.first, self.last = probe
        pads = (tokenizer.token_to_id(token) for token in ("[PAD]", "<pad>"))
        self.pad = next((pad for pad in pads if pad is not None), 0)

    def windows(self, text: str) -> list[Window]:
        """Return at least one window; a text without tokens gives one window of the special tokens only."""
        encoding = self.tokenizer.encode(text, add_special_tokens=False)
        ids, offsets = encoding.ids, encoding.offsets
        room, step = self.length - 2, self.length - 2 - self.overlap
        starts = [0]
        while starts[-1] + room < len(ids):
            starts.append(starts[-1] + step)
        result = []
        for number, start in enumerate(starts):
            end = min(start + room, len(ids))
            low = start if number == 0 else start + self.overlap // 2
            high = end if number == len(starts) - 1 else starts[number + 1] + self.overlap // 2
            core = [1 if low <= i < high else 0 for i in range(start, end)]
            # The first special token of the first window is a core token, so that a text without words still has one.
            result.append(
                Window(
                    [self.first, *ids[start:end], self.last],
                    [1 if number == 0 else 0, *core, 0],
                    [(0, 0), *offsets[start:end], (0, 0)],
                )
            )
        return result

    def batch(self, documents: Sequence[Sequence[Window]]) -> Batch:
        """Pad the windows of ``documents`` to one length."""
        flat = [w for windows in documents for w in windows]
        length = max(len(w.ids) for w in flat)
        input_ids = np.full((len(flat), length), self.pad, dtype=np.int64)
        mask = np.zeros((len(flat), length), dtype=np.int64)
        core = np.zeros((len(flat), length), dtype=np.float32)
        membership = np.zeros((len(documents), len(flat)), dtype=np.float32)
        row = 0
        for number, windows in enumerate(documents):
            for window in windows:
                input_ids[row, : len(window.ids)] = window.ids
                mask[row, : len(window.ids)] = 1
                core[row, : len(window.ids)] = window.core
                membership[number, row] = 1
                row += 1
        return Batch(input_ids, mask, core, membership)
