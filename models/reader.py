"""The served reader: ONNX Runtime over the bundle's two graphs. No torch.

``encoder.onnx`` reads windows (token states and token logits); ``heads.onnx`` pools states into document logits. They are two graphs so that an
explanation can ask the heads again with some words left out, at almost no cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort
from tokenizers import Tokenizer

from models.bundle import BundleError, Manifest
from models.reading import Reading, core_tokens, decode_spans, mark_tokens, role_probabilities, split_document, surest
from models.windows import Floats, Window, Windower
from nlp.plain import Plain, plain_form
from nlp.spans import Marked


def open_graph(path: Path, threads: int = 0) -> ort.InferenceSession:
    """Open a graph of a bundle. ``threads``: 0 lets ONNX Runtime take every core."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Without VNNI (most processors before 2020, many AMD servers) the fast product of 8-bit numbers overflows 16 bits and the reader reads nonsense;
    # this takes a slower, exact product there, and changes nothing where VNNI is.
    options.add_session_config_entry("session.x64quantprecision", "1")
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


class OnnxReader:
    """Reads texts. ``threads``: 0 lets ONNX Runtime take every core."""

    def __init__(self, folder: Path, manifest: Manifest, threads: int = 0) -> None:
        try:
            self.encoder = open_graph(folder / "encoder.onnx", threads)
            self.heads = open_graph(folder / "heads.onnx", threads)
            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:
            # The libraries raise several unrelated types here; the digests were right, so it is a version that does not fit.
            raise BundleError(
                f"{folder}: the model does not load in this version of ONNX Runtime ({type(error).__name__})"
            ) from error
        self.windower = Windower(tokenizer, manifest.window, manifest.overlap)
        self.plainly = manifest.plain

    def read_many(self, texts: Sequence[Marked], keep_states: bool = False) -> list[Reading]:
        """Read texts, marked by the pipeline; results in the order given, offsets those of the texts as sent.

        Windows go through the encoder one at a time. 8-bit activations share one scale a call, so in a batch the neighbours of a report would move its
        score; and one window already fills two cores (batches of eight were no faster).
        """
        return [self._read(self._plain(text), keep_states) for text in texts]

    def _plain(self, marked: Marked) -> Plain:
        if not self.plainly:
            return Plain(marked.text, marked.text)
        return plain_form(marked)

    def _read(self, text: Plain, keep_states: bool) -> Reading:
        windows = self.windower.windows(text.read)
        states, logits = [], []
        for window in windows:
            ids = np.array([window.ids], dtype=np.int64)
            out = self.encoder.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})
            states.append(out[0][0])
            logits.append(out[1][0])
        return self._reading(text, windows, states, logits, keep_states)

    def _reading(
        self,
        text: Plain,
        windows: Sequence[Window],
        states: Sequence[Floats],
        logits: Sequence[Floats],
        keep_states: bool,
    ) -> Reading:
        core_states, at = core_tokens(windows, states)
        offsets = text.back(at)
        core_logits, _ = core_tokens(windows, logits)
        document = self.pool(core_states, np.ones((1, len(core_states)), dtype=np.float32))[0]
        marks = mark_tokens(core_logits)
        return Reading(
            decode_spans(text.text, core_logits, offsets),
            split_document(document),
            surest(marks),
            core_states if keep_states else None,
            offsets if keep_states else (),
            marks if keep_states else None,
            role_probabilities(core_logits) if keep_states else None,
        )

    def pool(self, states: Floats, masks: Floats) -> Floats:
        """Ask the document heads with some tokens left out.

        ``states`` float32 [N, hidden], ``masks`` float32 [K, N], 1 to keep → logits float32 [K, M].
        """
        return np.asarray(self.heads.run(None, {"states": states, "masks": masks})[0], dtype=np.float32)
