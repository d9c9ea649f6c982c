"""Going on from a bundle: the weights read back are those that serve."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from models.bundle import DEFAULT_BUNDLE
from models.reader import open_graph
from training.config import load_config
from training.corpus import load_corpus
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
    served = open_graph(DEFAULT_BUNDLE / "encoder.onnx").run(None, {"input_ids": ids, "attention_mask": mask})
    with torch.no_grad():
        states = reader.encoder(torch.from_numpy(ids), torch.from_numpy(mask)).last_hidden_state
    # What is left is the rounding of activations to 8 bits, which only the graph does.
    assert np.corrcoef(states.numpy().ravel(), served[0].ravel())[0, 1] > 0.98


def test_weights_of_another_network_are_refused() -> None:
    small = Reader(str(encoder_folder("minilm", Path("unused"))))
    with pytest.raises(ValueError, match=r"shape|holds no weights"):
        load_weights(small, DEFAULT_BUNDLE)


def test_a_run_goes_on_from_the_weights_of_the_run_before(tmp_path: Path) -> None:
    folder = str(encoder_folder("minilm", Path("unused")))
    first, second = Reader(folder), Reader(folder)
    torch.save({"model": first.state_dict(), "epoch": 0}, tmp_path / "best.pt")
    load_weights(second, tmp_path / "best.pt")
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    (tmp_path / "other.pt").write_bytes(b"not weights")
    with pytest.raises(ValueError, match="holds no weights of this network"):
        load_weights(second, tmp_path / "other.pt")


def test_the_stages_of_the_shipped_reader_and_of_the_next_fit_each_other_and_the_corpus() -> None:
    corpus, last = load_corpus(), load_config("mpnet-seventh")
    stages = [last]
    while stages[0].after:
        stages.insert(0, load_config(stages[0].after))
    assert [stage.name for stage in stages] == [
        "mpnet-first",
        "mpnet-second",
        "mpnet-third",
        "mpnet-fourth",
        "mpnet",  # ships
        "mpnet-sixth",
        "mpnet-seventh",
    ]
    assert len({(stage.encoder, stage.window, stage.overlap) for stage in stages}) == 1
    everything = {r.desk for r in corpus.split("train")}
    seen = [{r.desk for r in corpus.chosen(stage.learn, stage.leave_out).split("train")} for stage in stages]
    assert seen[-1] == set(last.learn)
    assert set.union(*seen) == everything, "no desk is written in vain"
    for desk in ("officers", "facts", "no such desk"):  # of dev, of test, of nobody
        for learn, leave_out in (([desk], []), ([], [desk])):
            with pytest.raises(ValueError, match="no desk of the train split"):
                corpus.chosen(learn, leave_out)
