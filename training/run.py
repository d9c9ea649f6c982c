"""One training run from config to sealed bundle: fit, export, decide on dev, measure, write the model card, track in MLflow."""

from __future__ import annotations

import json
import logging
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from tokenizers import Tokenizer

from models.assessor import Assessor
from models.bundle import MANIFEST, Manifest, open_bundle, seal_bundle
from models.reader import OnnxReader
from models.windows import Windower
from nlp.pipeline import mark
from training.card import model_card
from training.config import TrainingConfig, load_config
from training.corpus import Corpus
from training.decide import fit_decision
from training.encoders import KNOWN, encoder_folder, sha256
from training.evaluate import measure, print_result, save_result
from training.export import export_graphs
from training.fit import Progress, fit, keep_memory
from training.network import Reader
from training.tracking import tracking

log = logging.getLogger(__name__)
ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "var" / "training"
# What each run's manifest keeps of an evaluation; the curves are for the plots of the console's page of models.
HEADLINE = (
    "ranking", "answers", "calibration_error", "spans", "status", "four", "relationship", "occasions", "swaps", "faithfulness", "curves",
)  # fmt: skip


def train(
    config: TrainingConfig,
    corpus: Corpus,
    out: Path,
    version: str,
    resume: bool,
    final: bool,
    console: Console,
    start_from: Path | None = None,
) -> Manifest:
    """Train as ``config`` says and write a sealed bundle to ``out``, whole or not at all. Returns its manifest.

    ``start_from``: a bundle, or the weights of a run, to go on from, rather than from the bare encoder. A config with ``after`` trains that config first and
    goes on from its best weights.

    Candidates are compared on dev, quickly; ``final`` also measures on test, with swaps and every baseline, for the model card of the one that ships.
    """
    if out.exists() and not (out / MANIFEST).is_file():
        raise ValueError(f"{out} is not a bundle and would be replaced; name a new folder")
    keep_memory()
    encoder = encoder_folder(config.encoder, WORK / "encoders")
    stages = [config]
    while stages[0].after and start_from is None:
        stages.insert(0, load_config(stages[0].after))
    mlflow = tracking()
    with mlflow.start_run(run_name=f"{config.name} {version}"):
        mlflow.log_params({k: v for k, v in config.model_dump().items() if k != "weights"})
        mlflow.log_params({f"weight_{k}": v for k, v in config.weights.items()} | {"corpus_digest": corpus.digest})
        for stage in stages:

            def progress(epoch: int, figures: dict[str, float], stage: TrainingConfig = stage) -> None:
                mlflow.log_metrics({f"{stage.name}_{k}": v for k, v in figures.items()}, step=epoch)
                console.print(
                    f"{stage.name}, epoch {epoch + 1}/{stage.epochs}: dev average precision {figures['dev_average_precision']:.3f}, stalking twin higher "
                    f"{figures['dev_twin_order']:.3f}, token F1 {figures['dev_token_f1']:.3f} ({figures['seconds']:.0f} s)"
                )

            start_from = _fitted(stage, corpus, encoder, resume, progress, start_from)
        assert start_from is not None  # every config has at least its own stage
        manifest = bundle(start_from, config, corpus, encoder, out, version, final, console)
        dev = manifest.metrics["dev"]
        figures = dev["answers"] | {
            "average_precision": dev["ranking"]["Foursight"]["average_precision"],
            "calibration_error": dev["calibration_error"],
        }
        mlflow.log_metrics({f"dev_final_{k}": v for k, v in figures.items() if v == v})
        mlflow.log_artifact(str(out / "manifest.json"))
        mlflow.log_artifact(str(out / "model-card.md"))
    return manifest


def _fitted(
    config: TrainingConfig, corpus: Corpus, encoder: Path, resume: bool, progress: Progress, start_from: Path | None
) -> Path:
    """Return the best weights of one run of the loop, kept under WORK/NAME."""
    folder = WORK / config.name
    if not resume and folder.exists():
        shutil.rmtree(folder)
    windower = Windower(Tokenizer.from_file(str(encoder / "tokenizer.json")), config.window, config.overlap)
    return fit(
        config, corpus.chosen(config.learn, config.leave_out), encoder, windower, folder, resume, progress, start_from
    )


def bundle(
    weights: Path,
    config: TrainingConfig,
    corpus: Corpus,
    encoder: Path,
    out: Path,
    version: str,
    final: bool,
    console: Console,
) -> Manifest:
    """Export trained weights, fit the decision on dev, measure, write the card and seal. Replaces ``out`` only when all of it worked."""
    state = torch.load(weights, map_location="cpu", weights_only=False)
    reader = Reader(str(encoder), config.dropout)
    reader.load_state_dict(state["model"])
    partial = out.with_name(out.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    console.print("exporting to ONNX with small weights")
    export_graphs(reader, partial)
    shutil.copy(encoder / "tokenizer.json", partial / "tokenizer.json")
    (partial / "model-card.md").write_text("", encoding="utf-8")
    known = KNOWN.get(config.encoder)
    fields: dict[str, Any] = {
        "name": f"foursight-{config.name}",
        "version": version,
        "created": datetime.now(UTC).strftime("%Y-%m-%d"),
        "encoder": known.source if known else config.encoder,
        "licence": known.licence if known else "see the encoder's folder",
        "encoder_sha256": sha256(encoder / "model.safetensors"),
        "corpus_digest": corpus.digest,
        "window": config.window,
        "overlap": config.overlap,
        "plain": config.plain,
        "hidden": reader.encoder.config.hidden_size,
    }
    return _decided(partial, fields, corpus, out, final, console)


def recalibrate(
    source: Path, corpus: Corpus, out: Path, version: str, final: bool, console: Console, plain: bool | None = None
) -> Manifest:
    """Write a bundle to ``out`` with the reader of ``source`` that decides anew: calibration and thresholds from dev as it is now. Nothing is trained.

    ``plain``: whether it reads names and sexes in one form; None for as ``source`` does.
    """
    if out.exists() and not (out / MANIFEST).is_file():
        raise ValueError(f"{out} is not a bundle and would be replaced; name a new folder")
    manifest = open_bundle(source)
    partial = out.with_name(out.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(source, partial)
    kept = ("name", "encoder", "licence", "encoder_sha256", "corpus_digest", "window", "overlap", "hidden")
    fields = {name: getattr(manifest, name) for name in kept}
    fields |= {
        "plain": manifest.plain if plain is None else plain,
        "version": version,
        "created": datetime.now(UTC).strftime("%Y-%m-%d"),
    }
    return _decided(partial, fields, corpus, out, final, console)


def _decided(
    partial: Path, fields: dict[str, Any], corpus: Corpus, out: Path, final: bool, console: Console
) -> Manifest:
    """Fit the decision on dev, measure, write the card and seal; ``partial`` then takes the place of ``out``."""
    (partial / "decision.json").write_text("{}", encoding="utf-8")
    draft = seal_bundle(partial, metrics={}, **fields)
    console.print("fitting the decision model on dev")
    dev = corpus.split("dev")
    decision, chosen = fit_decision(dev, OnnxReader(partial, draft).read_many(mark(r.text for r in dev)))
    (partial / "decision.json").write_text(decision.model_dump_json(indent=1) + "\n", encoding="utf-8")
    seal_bundle(partial, metrics={}, **fields)
    assessor = Assessor.load(partial)
    results = {"dev": measure(assessor, corpus, "dev", quick=True, chosen=chosen)}
    if final:
        results["test"] = measure(assessor, corpus, "test")
    for result in results.values():
        print_result(result, console)
        save_result(result, WORK / fields["name"])
    headline = {split: {k: r[k] for k in HEADLINE if k in r} for split, r in results.items()}
    if final:
        del headline["dev"]["curves"]  # one set of plots, and test is what they are for
    card = model_card(fields, corpus, results.get("test", results["dev"]), chosen.figures)
    (partial / "model-card.md").write_text(card, encoding="utf-8")
    manifest = seal_bundle(partial, metrics=json.loads(json.dumps(headline)) | {"decision": chosen.figures}, **fields)
    shutil.rmtree(out, ignore_errors=True)
    partial.replace(out)
    return manifest
