"""The training loop: batches of similar length with twins together, layer-wise rates, early stopping on dev, resumable."""

from __future__ import annotations

import contextlib
import ctypes
import json
import logging
import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from sklearn.metrics import average_precision_score
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from models.heads import DOCUMENT_COLUMNS, TOKEN_COLUMNS
from models.windows import Windower
from nlp.taxonomy import Label
from training.config import TrainingConfig
from training.corpus import Corpus, Record
from training.losses import loss_parts
from training.network import Reader
from training.restart import load_weights, weights_digest
from training.swap import in_one_form, vary
from training.targets import Example, TrainingBatch, build_example, collate

log = logging.getLogger(__name__)


def autocast() -> AbstractContextManager[Any]:
    """Return bfloat16 autocast where the device computes it fast, else nothing.

    On a processor without AVX512-BF16 or AMX bfloat16 is slower than float32.
    """
    if torch.cuda.is_available():
        return torch.autocast("cuda", dtype=torch.bfloat16)
    if torch.cpu._is_avx512_bf16_supported():
        return torch.autocast("cpu", dtype=torch.bfloat16)
    return nullcontext()


def keep_memory() -> None:
    """Tell glibc to keep freed memory: otherwise every large tensor is mapped and cleared afresh, a fifth of a step on a CPU."""
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(-3, 1 << 30)  # M_MMAP_THRESHOLD
        libc.mallopt(-1, (1 << 31) - 1)  # M_TRIM_THRESHOLD


def device() -> torch.device:
    """Return the GPU where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@dataclass(frozen=True)
class Unit:
    """Examples that stay in one batch: a report with the twins edited from it. ``twins`` index into ``members``."""

    members: tuple[int, ...]
    twins: tuple[tuple[int, int], ...]
    tokens: int


def make_units(records: Sequence[Record], examples: Sequence[Example]) -> list[Unit]:
    """Join records connected by ``pair``; every (stalking, not stalking) link inside becomes a twin."""
    index = {r.id: i for i, r in enumerate(records)}
    root = list(range(len(records)))

    def find(i: int) -> int:
        while root[i] != i:
            i = root[i]
        return i

    links = [(i, index[r.pair]) for i, r in enumerate(records) if r.pair in index]
    for i, j in links:
        root[find(i)] = find(j)
    groups: dict[int, list[int]] = {}
    for i in range(len(records)):
        groups.setdefault(find(i), []).append(i)
    opposite = {Label.STALKING: Label.NOT_STALKING, Label.NOT_STALKING: Label.STALKING}
    twins: dict[int, list[tuple[int, int]]] = {}
    for i, j in links:
        if opposite.get(records[i].label) is records[j].label:
            twins.setdefault(find(i), []).append((i, j) if records[i].label is Label.STALKING else (j, i))
    units = []
    for key, members in groups.items():
        local = {m: n for n, m in enumerate(members)}
        pairs = tuple((local[a], local[b]) for a, b in twins.get(key, []))
        units.append(Unit(tuple(members), pairs, max(examples[m].tokens for m in members)))
    return units


def make_batches(
    units: Sequence[Unit], examples: Sequence[Example], windower: Windower, tokens: int, chance: random.Random
) -> Iterator[TrainingBatch]:
    """Yield batches in random order; lengths inside a batch are alike, with noise so that batches differ by epoch."""
    order = sorted(units, key=lambda u: u.tokens * chance.uniform(0.8, 1.25))
    batches: list[list[Unit]] = [[]]
    widest = rows = 0
    for unit in order:
        width = max(len(w.ids) for m in unit.members for w in examples[m].windows)
        count = sum(len(examples[m].windows) for m in unit.members)
        if batches[-1] and max(widest, width) * (rows + count) > tokens:
            batches.append([])
            widest = rows = 0
        batches[-1].append(unit)
        widest, rows = max(widest, width), rows + count
    chance.shuffle(batches)
    for group in batches:
        members: list[Example] = []
        twins: list[tuple[int, int]] = []
        for unit in group:
            twins += [(a + len(members), b + len(members)) for a, b in unit.twins]
            members += [examples[m] for m in unit.members]
        yield collate(members, twins, windower)


def varied(
    records: Sequence[Record],
    examples: Sequence[Example],
    units: Sequence[Unit],
    share: float,
    windower: Windower,
    chance: random.Random,
    plain: bool = False,
) -> list[Example]:
    """Return this epoch's examples: in a ``share`` of units sexes and names are swapped, alike in all twins of a unit.

    With ``plain`` they are then put in one form: what is left of a swap is what the recogniser of names makes of other names.
    """
    other: dict[int, Record] = {}
    for unit in units:
        if chance.random() < share:
            seed = chance.getrandbits(32)
            other |= {member: vary(records[member], random.Random(seed)) for member in unit.members}
    result = list(examples)
    for member, record in zip(other, _as_read(list(other.values()), plain), strict=True):
        result[member] = build_example(record, windower)
    return result


def _as_read(records: Sequence[Record], plain: bool) -> Sequence[Record]:
    return in_one_form(records) if plain else records


def parameter_groups(model: Reader, config: TrainingConfig) -> list[dict[str, Any]]:
    """Give each encoder layer its rate: the top one ``encoder_rate``, each below ``decay`` times the one above.

    The ``freeze`` lowest layers, and the embeddings with them, get none and stay as they are: no gradient is computed for them.
    """
    layers = model.encoder.config.num_hidden_layers
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if name.startswith("encoder."):
            parts = name.split(".")
            depth = int(parts[parts.index("layer") + 1]) + 1 if "layer" in parts else 0
            if config.freeze and depth <= config.freeze:
                parameter.requires_grad_(False)
                continue
            rate = config.encoder_rate * config.decay ** (layers - depth)
        else:
            rate = config.head_rate
        weight_decay = 0.0 if parameter.ndim < 2 else 0.01
        groups.setdefault((rate, weight_decay), []).append(parameter)
    return [{"params": p, "lr": r, "weight_decay": d} for (r, d), p in groups.items()]


@torch.no_grad()
def predict(
    model: Reader, examples: Sequence[Example], windower: Windower, tokens: int = 6000
) -> tuple[list[list[np.ndarray]], np.ndarray]:
    """Return token logits (a list of [L, T] a document, one a window) and document logits [N, M], float32."""
    model.eval()
    order = sorted(range(len(examples)), key=lambda i: examples[i].tokens)
    token_logits: list[list[np.ndarray]] = [[] for _ in examples]
    document_logits: list[np.ndarray] = [np.empty(0)] * len(examples)
    at = 0
    while at < len(order):
        group = [order[at]]
        rows = len(examples[order[at]].windows)
        while at + len(group) < len(order):
            following = examples[order[at + len(group)]]
            if (rows + len(following.windows)) * max(len(w.ids) for w in following.windows) > tokens:
                break
            rows += len(following.windows)
            group.append(order[at + len(group)])
        batch = windower.batch([examples[i].windows for i in group])
        inputs = [
            torch.from_numpy(a).to(device())
            for a in (batch.input_ids, batch.attention_mask, batch.core, batch.membership)
        ]
        with autocast():
            t, d = model(*inputs)
        t, d = t.float().cpu().numpy(), d.float().cpu().numpy()
        row = 0
        for position, i in enumerate(group):
            document_logits[i] = d[position]
            for window in examples[i].windows:
                token_logits[i].append(t[row, : len(window.ids)])
                row += 1
        at += len(group)
    return token_logits, np.stack(document_logits)


def dev_scores(
    model: Reader, records: Sequence[Record], examples: Sequence[Example], windower: Windower
) -> dict[str, float]:
    """Return quick dev figures for early stopping: the label head's average precision and twins, and token F1 of the codes."""
    token_logits, document_logits = predict(model, examples, windower)
    label = document_logits[:, DOCUMENT_COLUMNS["label"]][:, 0]
    clear = np.array([r.label is not Label.UNCLEAR for r in records])
    truth = np.array([r.label is Label.STALKING for r in records])
    index = {r.id: i for i, r in enumerate(records)}
    led = [
        (label[i] - label[index[r.pair]]) * (1 if truth[i] else -1) > 0
        for i, r in enumerate(records)
        if r.pair in index and clear[i] and clear[index[r.pair]] and truth[i] != truth[index[r.pair]]
    ]
    right = predicted = gold = 0.0
    for example, logits in zip(examples, token_logits, strict=True):
        for window, target, values in zip(example.windows, example.inside, logits, strict=True):
            core = np.array(window.core)[:, None]
            on = (values[:, TOKEN_COLUMNS["in"]] > 0) * core
            right += float((on * target).sum())
            predicted += float(on.sum())
            gold += float((target * core).sum())
    ap = float(average_precision_score(truth[clear], label[clear]))
    f1 = 2 * right / max(predicted + gold, 1.0)
    twins = float(np.mean(led)) if led else 0.0
    return {"average_precision": ap, "twin_order": twins, "token_f1": f1, "score": (ap + twins + f1) / 3}


Progress = Callable[[int, dict[str, float]], None]


def fit(
    config: TrainingConfig,
    corpus: Corpus,
    encoder: Path,
    windower: Windower,
    folder: Path,
    resume: bool,
    progress: Progress,
    start_from: Path | None = None,
) -> Path:
    """Train and return the path of the best weights in ``folder``. ``start_from``: the bundle or the weights of a run to go on from.

    Writes ``last.pt`` after every epoch, whole or not at all, so that a killed run goes on with ``resume`` from its last epoch.
    """
    torch.manual_seed(config.seed)
    chance = random.Random(config.seed)
    folder.mkdir(parents=True, exist_ok=True)
    best, last = folder / "best.pt", folder / "last.pt"
    train, dev = corpus.split("train"), corpus.split("dev")
    train_examples = [build_example(r, windower) for r in _as_read(train, config.plain)]
    dev_examples = [build_example(r, windower) for r in _as_read(dev, config.plain)]
    units = make_units(train, train_examples)
    model = Reader(str(encoder), config.dropout)
    if start_from:
        load_weights(model, start_from)
    model = model.to(device())
    # A running average of the weights strays less from report to report than those of the last step (Polyak and Juditsky 1992).
    kept = AveragedModel(model, multi_avg_fn=_average(config.average)) if config.average else None
    optimiser = torch.optim.AdamW(parameter_groups(model, config), fused=True)
    steps = sum(1 for _ in make_batches(units, train_examples, windower, config.batch_tokens, random.Random(0)))
    total = steps * config.epochs

    def schedule(step: int) -> float:
        warm = max(1, int(total * config.warmup))
        return min(1.0, (step + 1) / warm) * max(0.02, (total - step) / max(1, total - warm) if step > warm else 1.0)

    scheduler = torch.optim.lr_scheduler.LambdaLR(optimiser, schedule)
    start, best_score, stale = 0, -math.inf, 0
    identity = {
        "config": config.model_dump(),
        "corpus": corpus.digest,
        "start": weights_digest(start_from) if start_from else None,
    }
    if resume and last.exists():
        state = torch.load(last, map_location=device(), weights_only=False)
        if state["identity"] != identity:
            raise ValueError(f"{last} was made with another config or corpus; start afresh without --resume")
        model.load_state_dict(state["model"])
        if kept is not None:
            kept.load_state_dict(state["kept"])
        optimiser.load_state_dict(state["optimiser"])
        scheduler.load_state_dict(state["scheduler"])
        start, best_score, stale = state["epoch"] + 1, state["best_score"], state["stale"]
        chance.setstate(state["chance"])
        torch.set_rng_state(state["rng"].cpu())
        if stale >= config.patience:
            return best
    for epoch in range(start, config.epochs):
        model.train()
        began, count = time.monotonic(), 0
        sums: dict[str, float] = {}
        examples = varied(train, train_examples, units, config.swap_names, windower, chance, config.plain)
        batches = make_batches(units, examples, windower, config.batch_tokens, chance)
        for batch in tqdm(batches, total=steps, desc=f"epoch {epoch + 1}/{config.epochs}", disable=None, leave=False):
            batch = to_device(batch)
            with autocast():
                token_logits, document_logits = model(*batch.inputs)
            parts = loss_parts(token_logits.float(), document_logits.float(), batch, config.margin)
            loss = sum(
                (config.weights.get(name, 0.0) * part for name, part in parts.items()), torch.zeros((), device=device())
            )
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            scheduler.step()
            if kept is not None:
                kept.update_parameters(model)
            for name, part in parts.items():
                sums[name] = sums.get(name, 0.0) + float(part.detach())
            count += 1
        figures = {f"loss_{name}": value / count for name, value in sums.items()}
        to_keep = model if kept is None else cast(Reader, kept.module)
        figures |= {f"dev_{k}": v for k, v in dev_scores(to_keep, dev, dev_examples, windower).items()}
        figures["seconds"] = time.monotonic() - began
        progress(epoch, figures)
        if figures["dev_score"] > best_score:
            best_score, stale = figures["dev_score"], 0
            _save(best, {"model": to_keep.state_dict(), "epoch": epoch, "figures": figures, "identity": identity})
        else:
            stale += 1
        _save(
            last,
            {
                "model": model.state_dict(),
                "kept": kept.state_dict() if kept is not None else None,
                "optimiser": optimiser.state_dict(),
                "scheduler": scheduler.state_dict(),
                "epoch": epoch,
                "best_score": best_score,
                "stale": stale,
                "chance": chance.getstate(),
                "rng": torch.get_rng_state(),
                "identity": identity,
            },
        )
        with (folder / "epochs.jsonl").open("a") as epochs:
            epochs.write(json.dumps({"epoch": epoch, **figures}) + "\n")
        if stale >= config.patience:
            break
    return best


def _average(decay: float) -> Callable[..., None]:
    return cast(Callable[..., None], get_ema_multi_avg_fn(decay))  # type: ignore[no-untyped-call]


def to_device(batch: TrainingBatch) -> TrainingBatch:
    """Move every tensor of a batch."""
    moved = {k: v.to(device()) for k, v in vars(batch).items() if k != "inputs"}
    return TrainingBatch(inputs=tuple(t.to(device()) for t in batch.inputs), **moved)  # type: ignore[arg-type]


def _save(path: Path, state: dict[str, Any]) -> None:
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(path)
