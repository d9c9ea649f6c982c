"""Going on from a bundle: the weights read back are those that serve."""

from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch
from tokenizers import Tokenizer

from models.bundle import DEFAULT_BUNDLE
from training.encoders import encoder_folder
from training.network import Reader
from training.restart import load_weights


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return encoder_folder("mpnet", tmp_path_factory.mktemp("encoders"))


def test_the_shipped_weights_read_back_score_as_the_shipped_graphs_do(encoder: Path) -> None:
    reader = Reader(str(encoder)).eval()
    load_weights(reader, DEFAULT_BUNDLE)
    tokenizer = Tokenizer.from_file(str(DEFAULT_BUNDLE / "tokenizer.json"))
    ids = np.array([tokenizer.encode("He has waited outside my work every night since March. I told him to stop.").ids])
    mask = np.ones_like(ids)
    served = ort.InferenceSession(DEFAULT_BUNDLE / "encoder.onnx").run(None, {"input_ids": ids, "attention_mask": mask})
    with torch.no_grad():
        states = reader.encoder(torch.from_numpy(ids), torch.from_numpy(mask)).last_hidden_state
    # What is left is the rounding of activations to 8 bits, which only the graph does.
    assert np.corrcoef(states.numpy().ravel(), served[0].ravel())[0, 1] > 0.99


def test_weights_of_another_network_are_refused() -> None:
    small = Reader(str(encoder_folder("minilm", Path("unused"))))
    with pytest.raises(ValueError, match=r"shape|holds no weights"):
        load_weights(small, DEFAULT_BUNDLE)
