"""The real network on a few real reports: it learns, resumes, and exports to what torch computed."""

import os
import random
from pathlib import Path

import pytest
import torch

os.environ["HF_HUB_OFFLINE"] = "1"

from tokenizers import Tokenizer

from models.heads import DOCUMENT_COLUMNS
from models.reader import open_graph
from models.windows import Windower
from nlp.taxonomy import Label
from training.config import load_config
from training.corpus import Corpus, load_corpus
from training.encoders import KNOWN, EncoderError, encoder_folder
from training.export import EncoderGraph, export_graphs
from training.fit import fit, make_batches, make_units, predict
from training.network import Reader
from training.targets import build_example


@pytest.fixture(scope="module")
def encoder(tmp_path_factory) -> Path:
    return encoder_folder("minilm", tmp_path_factory.mktemp("encoders"))


@pytest.fixture(scope="module")
def windower(encoder: Path) -> Windower:
    return Windower(Tokenizer.from_file(str(encoder / "tokenizer.json")), 256, 64)


@pytest.fixture(scope="module")
def small() -> Corpus:
    whole = load_corpus()
    records = whole.split("train")[:24] + whole.split("dev")[:12]
    return Corpus(tuple(records), whole.splits, "small")


def test_a_stopped_run_goes_on_where_it_was(small: Corpus, encoder: Path, windower: Windower, tmp_path: Path) -> None:
    config = load_config("minilm").model_copy(update={"epochs": 2, "patience": 9})
    seen: list[int] = []

    def stop_after_one(epoch: int, figures: dict[str, float]) -> None:
        seen.append(epoch)
        assert figures["loss_label"] > 0

    def killed(epoch: int, figures: dict[str, float]) -> None:
        stop_after_one(epoch, figures)
        if epoch == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(config, small, encoder, windower, tmp_path, False, killed)
    best = fit(config, small, encoder, windower, tmp_path, True, stop_after_one)
    assert seen == [0, 1, 1], "the second epoch was lost with the kill and is done again, the first is not"
    assert torch.load(best, weights_only=False)["identity"]["corpus"] == "small"
    other = Corpus(small.records, small.splits, "another")
    with pytest.raises(ValueError, match="another config or corpus"):
        fit(config, other, encoder, windower, tmp_path, True, stop_after_one)


def test_frozen_layers_stay_as_pretrained_and_the_others_learn(
    small: Corpus, encoder: Path, windower: Windower, tmp_path: Path
) -> None:
    config = load_config("minilm").model_copy(update={"epochs": 1, "freeze": 4})
    best = fit(config, small, encoder, windower, tmp_path, False, lambda epoch, figures: None)
    learned = torch.load(best, weights_only=False)["model"]
    moved = {
        name
        for name, was in Reader(str(encoder)).encoder.named_parameters()
        if not was.equal(learned[f"encoder.{name}"])
    }
    assert moved and not {name for name in moved if "embeddings" in name or "layer" not in name}
    assert {int(name.split("layer.")[1].split(".")[0]) for name in moved} == {4, 5}


def test_the_exported_graphs_compute_what_torch_computed(
    small: Corpus, encoder: Path, windower: Windower, tmp_path: Path
) -> None:
    import numpy as np

    torch.manual_seed(1)
    reader = Reader(str(encoder)).eval()
    export_graphs(reader, tmp_path, small_weights=False)
    ids = torch.randint(1000, 20000, (3, 40))
    mask = torch.ones_like(ids)
    mask[1, 25:] = 0
    with torch.no_grad():
        _, expected_logits = EncoderGraph(reader)(ids, mask)
    encoder_session = open_graph(tmp_path / "encoder.onnx")
    got_logits = encoder_session.run(["token_logits"], {"input_ids": ids.numpy(), "attention_mask": mask.numpy()})[0]
    assert np.abs(got_logits - expected_logits.numpy())[mask.bool().numpy()].mean() < 1e-4
    # The pooling of the heads graph over a document of several windows is the network's own.
    records = sorted(small.records, key=lambda r: len(r.text))[-2:]
    examples = [build_example(r, Windower(windower.tokenizer, 64, 16)) for r in records]
    assert any(len(e.windows) > 1 for e in examples)
    _, expected = predict(reader, examples, windower)
    heads = open_graph(tmp_path / "heads.onnx")
    for example, logits in zip(examples, expected, strict=True):
        states = []
        for window in example.windows:
            batch = windower.batch([[window]])
            out = encoder_session.run(
                ["states"], {"input_ids": batch.input_ids, "attention_mask": batch.attention_mask}
            )[0]
            states.append(out[0][np.array(window.core, dtype=bool)])
        joined = np.concatenate(states)
        got = heads.run(None, {"states": joined, "masks": np.ones((1, len(joined)), dtype=np.float32)})[0][0]
        # torch ran in bfloat16 where the processor has it.
        assert np.abs(got - logits).max() < 0.2


def test_twins_stay_in_one_batch_and_are_all_there(windower: Windower) -> None:
    records = load_corpus().split("dev")
    examples = [build_example(r, windower) for r in records]
    units = make_units(records, examples)
    assert sorted(m for u in units for m in u.members) == list(range(len(records)))
    batches = list(make_batches(units, examples, windower, 2000, random.Random(1)))
    assert sum(len(b.document) for b in batches) == len(records)
    column = DOCUMENT_COLUMNS["label"].start
    for batch in batches:
        for stalking, other in batch.twins.tolist():
            assert batch.document[stalking, column] == 1.0
            assert batch.document[other, column] == 0.0
    expected = sum(
        {r.label, s.label} == {Label.STALKING, Label.NOT_STALKING} for r in records for s in records if r.pair == s.id
    )
    assert sum(len(b.twins) for b in batches) == expected


def test_spans_are_aligned_to_whole_tokens(windower: Windower) -> None:
    for record in load_corpus().split("dev")[:40]:
        example = build_example(record, windower)
        marked = sum(float(i.sum()) for i in example.inside)
        assert marked >= len(record.spans), f"{record.id} lost a span"


def test_an_encoder_that_is_not_the_one_expected_is_refused(
    encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(EncoderError, match="neither a known encoder"):
        encoder_folder(str(tmp_path), tmp_path)
    monkeypatch.setitem(KNOWN, "minilm", KNOWN["minilm"].__class__(KNOWN["minilm"].packages, "0" * 64, "", ""))
    with pytest.raises(EncoderError, match="SHA-256"):
        encoder_folder("minilm", tmp_path)
