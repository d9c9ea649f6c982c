"""What a training run is told, as data: a TOML file, checked before anything is spent."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

CONFIGS = Path(__file__).resolve().parent / "configs"


class TrainingConfig(BaseModel):
    """Settings of one run. Learning rates are AdamW's; ``decay`` multiplies the encoder's rate a layer down."""

    model_config = ConfigDict(extra="forbid")

    name: str
    encoder: str = Field(description="minilm, mpnet, or a folder with config.json, tokenizer.json and weights")
    window: int = Field(default=256, ge=16, le=512, description="tokens in an encoder window")
    overlap: int = Field(default=64, ge=0)
    epochs: int = Field(ge=1, le=100)
    batch_tokens: int = Field(default=3000, ge=256, description="padded tokens in a step")
    encoder_rate: float = Field(gt=0)
    head_rate: float = Field(gt=0)
    decay: float = Field(default=0.9, gt=0, le=1)
    freeze: int = Field(
        default=0,
        ge=0,
        description="bottom layers of the encoder that stay as pretrained, with the embeddings under them",
    )
    warmup: float = Field(default=0.1, ge=0, le=0.5, description="share of steps over which the rate rises")
    dropout: float = Field(default=0.1, ge=0, lt=1)
    margin: float = Field(default=1.0, ge=0, description="logits by which the stalking twin should lead")
    swap_names: float = Field(default=0.0, ge=0, le=1, description="share of reports with sexes swapped in an epoch")
    plain: bool = Field(
        default=False, description="read names and sexes in one form (nlp/plain.py), here and in the bundle"
    )
    weights: dict[str, float]
    after: str = Field(default="", description="a config to train first; this run goes on from its best weights")
    leave_out: list[str] = Field(default_factory=list, description="desks of the train split not to learn from")
    learn: list[str] = Field(
        default_factory=list, description="the only desks of the train split to learn from; empty for all"
    )
    average: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="decay of the running average of weights that is kept; 0: those of the step",
    )
    seed: int = 20261124
    patience: int = Field(default=3, ge=1, description="epochs without a better dev score before stopping")


def load_config(path_or_name: str) -> TrainingConfig:
    """Read a config file, or one of training/configs by name; raises FileNotFoundError or pydantic's ValidationError."""
    path = Path(path_or_name)
    if not path.suffix:
        path = CONFIGS / f"{path_or_name}.toml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in CONFIGS.glob("*.toml")))
        raise FileNotFoundError(f"no config {path_or_name!r}: give a TOML file, or one of {known}")
    return TrainingConfig.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
