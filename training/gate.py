"""The written gate as data (``gate.toml``) and its judgement: a comparison in, the reasons to refuse out."""

from __future__ import annotations

import tomllib
from math import comb
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from training.compare import Comparison
from training.figures import FIGURES

GATE = Path(__file__).parent / "gate.toml"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class MetricsGate(_Part):
    confidence: float = Field(gt=0.5, lt=1)
    tolerance: float = Field(ge=0, lt=1)


class GroupsGate(MetricsGate):
    smallest: int = Field(ge=1)


class BehaviourGate(_Part):
    significance: float = Field(gt=0, lt=1)
    most_lost: int = Field(ge=0)


class LimitGate(_Part):
    rise: float = Field(ge=0)
    most: float = Field(gt=0)


class Gate(_Part):
    """The gate of ``gate.toml``, whose comments say what each number does."""

    split: Literal["dev", "test"]
    metrics: MetricsGate
    groups: GroupsGate
    behaviour: BehaviourGate
    calibration: LimitGate
    latency: LimitGate


class Refusal(BaseModel):
    """One reason to refuse; ``part`` is a table of the gate."""

    part: Literal["metrics", "groups", "behaviour", "calibration", "latency"]
    why: str


def load_gate(path: Path = GATE) -> Gate:
    """Read a gate; raises OSError, or ValueError that says which entry is wrong."""
    return Gate.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))


def judge(c: Comparison, gate: Gate) -> list[Refusal]:
    """Return every reason to refuse B against A, none when the gate passes."""
    reasons: list[Refusal] = []
    for name, d in c.metrics.items():
        if d.high < 0 and -d.gain > gate.metrics.tolerance and name not in ("calibration_error", "brier"):
            why = f"{FIGURES[name].title} falls from {d.a:.3f} to {d.b:.3f}"
            if not FIGURES[name].higher_is_better:
                why = f"{FIGURES[name].title} rises from {d.a:.3f} to {d.b:.3f}"
            reasons.append(Refusal(part="metrics", why=f"{why} (interval of the gain {d.low:+.3f} to {d.high:+.3f})"))
    for label, d in c.groups.items():
        if d.high < 0 and -d.gain > gate.groups.tolerance:
            reasons.append(
                Refusal(
                    part="groups",
                    why=f"{label}, {d.reports} reports: {d.a:.3f} becomes {d.b:.3f} (interval of the gain {d.low:+.3f} to {d.high:+.3f})",
                )
            )
    reasons += _behaviour(c, gate.behaviour)
    error = c.metrics.get("calibration_error")
    if error is None:
        reasons.append(Refusal(part="calibration", why="no clear report to measure the calibration on"))
    elif error.b > error.a + gate.calibration.rise or error.b > gate.calibration.most >= error.a:
        reasons.append(Refusal(part="calibration", why=f"calibration error goes from {error.a:.3f} to {error.b:.3f}"))
    a, b = c.latency_ms
    if b > a * gate.latency.rise or b > gate.latency.most >= a:
        reasons.append(Refusal(part="latency", why=f"one report takes {b:.0f} ms, the champion {a:.0f} ms"))
    return reasons


def _behaviour(c: Comparison, gate: BehaviourGate) -> list[Refusal]:
    reasons = []
    for name, pair in c.behaviour.items():
        lost = len(pair.broken) - len(pair.mended)
        if lost > gate.most_lost:
            reasons.append(
                Refusal(
                    part="behaviour",
                    why=f"{name.replace('_', ' ')}: {pair.b} of {pair.cases} pass, the champion {pair.a}",
                )
            )
    broken = sum(len(p.broken) for p in c.behaviour.values())
    mended = sum(len(p.mended) for p in c.behaviour.values())
    if sign_test(broken, mended) < gate.significance:
        reasons.append(Refusal(part="behaviour", why=f"{broken} cases pass no longer, {mended} pass now"))
    return reasons


def sign_test(worse: int, better: int) -> float:
    """Return the one-sided exact probability of so many or more worse among those that changed, if both were as likely (McNemar's exact test)."""
    n = worse + better
    return sum(comb(n, k) for k in range(worse, n + 1)) / 2**n if n else 1.0
