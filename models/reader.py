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
from models.reading import Reading, core_tokens, decode_entities, decode_spans, split_document
from models.windows import Floats, Window, Windower

# Padded tokens in one encoder call. Enough to fill two cores; more only costs memory.
BATCH_TOKENS = 2048


class OnnxReader:
    """Reads texts. ``threads``: 0 lets ONNX Runtime take every core."""

    def __init__(self, folder: Path, manifest: Manifest, threads: int = 0) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Memory of the longest batch is not kept for ever: the process stays small between large reports.
        options.enable_cpu_mem_arena = True
        options.log_severity_level = 3
        try:
            self.encoder = ort.InferenceSession(folder / "encoder.onnx", options, providers=["CPUExecutionProvider"])
            self.heads = ort.InferenceSession(folder / "heads.onnx", options, providers=["CPUExecutionProvider"])
            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:
            # The libraries raise several unrelated types here; the digests were right, so it is a version that does not fit.
            raise BundleError(
                f"{folder}: the model does not load in this version of ONNX Runtime ({type(error).__name__})"
            ) from error
        self.windower = Windower(tokenizer, manifest.window, manifest.overlap)

    def read_many(self, texts: Sequence[str], keep_states: bool = False) -> list[Reading]:
        """Read texts in batches of similar length; results in the order given."""
        documents = [self.windower.windows(t) for t in texts]
        flat = [(d, w) for d, windows in enumerate(documents) for w in range(len(windows))]
        flat.sort(key=lambda key: len(documents[key[0]][key[1]].ids))
        states: dict[tuple[int, int], Floats] = {}
        logits: dict[tuple[int, int], Floats] = {}
        at = 0
        while at < len(flat):
            stop = at + 1
            while (
                stop < len(flat) and (stop + 1 - at) * len(documents[flat[stop][0]][flat[stop][1]].ids) <= BATCH_TOKENS
            ):
                stop += 1
            group = flat[at:stop]
            windows = [documents[d][w] for d, w in group]
            batch = self.windower.batch([[w] for w in windows])
            out_states, out_logits = self.encoder.run(
                None, {"input_ids": batch.input_ids, "attention_mask": batch.attention_mask}
            )
            for row, (key, window) in enumerate(zip(group, windows, strict=True)):
                states[key] = out_states[row, : len(window.ids)]
                logits[key] = out_logits[row, : len(window.ids)]
            at = stop
        readings = []
        for d, (text, windows) in enumerate(zip(texts, documents, strict=True)):
            keys = [(d, w) for w in range(len(windows))]
            readings.append(
                self._reading(text, windows, [states.pop(k) for k in keys], [logits.pop(k) for k in keys], keep_states)
            )
        return readings

    def _reading(
        self,
        text: str,
        windows: Sequence[Window],
        states: Sequence[Floats],
        logits: Sequence[Floats],
        keep_states: bool,
    ) -> Reading:
        core_states, offsets = core_tokens(windows, states)
        core_logits, _ = core_tokens(windows, logits)
        document = self.pool(core_states, np.ones((1, len(core_states)), dtype=np.float32))[0]
        return Reading(
            decode_spans(text, core_logits, offsets),
            decode_entities(text, core_logits, offsets),
            split_document(document),
            len(offsets),
            core_states if keep_states else None,
        )

    def pool(self, states: Floats, masks: Floats) -> Floats:
        """Ask the document heads with some tokens left out.

        ``states`` float32 [N, hidden], ``masks`` float32 [K, N], 1 to keep → logits float32 [K, M].
        """
        return np.asarray(self.heads.run(None, {"states": states, "masks": masks})[0], dtype=np.float32)
