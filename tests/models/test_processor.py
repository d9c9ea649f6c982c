"""The shipped reader reads the same on a processor without VNNI, which QEMU emulates here: 8-bit arithmetic must not depend on whose machine it is."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from models.bundle import DEFAULT_BUNDLE, open_bundle
from models.reader import OnnxReader

QEMU = Path("/usr/bin/qemu-x86_64")
TEXT = "He has not followed her and has not rung her."
AS_A_PROGRAM = (
    "import json; from tests.models.test_processor import token_logits; print(json.dumps(token_logits().tolist()))"
)


def token_logits() -> np.ndarray:
    """Return what the shipped encoder gives each token for each tag. Shape: (tokens, tags)."""
    reader = OnnxReader(DEFAULT_BUNDLE, open_bundle(DEFAULT_BUNDLE), threads=1)
    ids = np.array([reader.windower.windows(TEXT)[0].ids], dtype=np.int64)
    return reader.encoder.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})[1][0]


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the other processor is emulated for x86-64 only")
def test_a_processor_without_vnni_reads_the_same() -> None:
    if not QEMU.exists():
        reason = "QEMU is not installed (apt-get install qemu-user)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    command = [str(QEMU), "-cpu", "Haswell", sys.executable, "-c", AS_A_PROGRAM]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr[-2000:]
    here, there = token_logits(), np.array(json.loads(ran.stdout))
    # 0.9996 with the exact product of 8-bit numbers, 0.92 with the one that overflows.
    assert np.corrcoef(here.ravel(), there.ravel())[0, 1] > 0.99
