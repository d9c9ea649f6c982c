"""The multi-task loss. Each part is a mean over what it applies to, so that the weights of the config compare like with like."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from models.heads import DOCUMENT_COLUMNS, STATUS_NAMES, TOKEN_COLUMNS
from nlp.taxonomy import Status
from training.targets import IGNORE, TrainingBatch

# Nine acts in ten are asserted: without a weight the other statuses are hardly learned. The rarer, the heavier.
_STATUS_WEIGHTS = {
    Status.ASSERTED: 1.0,
    Status.NEGATED: 5.0,
    Status.OTHER_PARTY: 5.0,
    Status.HYPOTHETICAL: 6.0,
    Status.SUSPECT_ACCOUNT: 8.0,
}
_STATUS_WEIGHT = torch.tensor([_STATUS_WEIGHTS[Status(name)] for name in STATUS_NAMES])


def _softmax_loss(logits: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    if not bool((target != IGNORE).any()):
        return logits.sum() * 0.0
    return F.cross_entropy(logits.reshape(-1, logits.shape[-1]), target.reshape(-1), weight=weight, ignore_index=IGNORE)


def loss_parts(token_logits: Tensor, document_logits: Tensor, batch: TrainingBatch, margin: float) -> dict[str, Tensor]:
    """Return the named losses of one batch, each a scalar."""
    _, mask, _, _ = batch.inputs
    real = mask.unsqueeze(-1).float()
    at = TOKEN_COLUMNS
    parts: dict[str, Tensor] = {}
    for name, target, up in (("in", batch.inside, 3.0), ("begin", batch.begin, 3.0)):
        weight = real * (1.0 + (up - 1.0) * target)
        # Summed over codes and averaged over tokens: most of the codes are off at any token.
        raw = F.binary_cross_entropy_with_logits(token_logits[..., at[name]], target, weight=weight, reduction="sum")
        parts[name] = raw / real.sum()
    parts["status"] = _softmax_loss(
        token_logits[..., at["status"]], batch.status, _STATUS_WEIGHT.to(token_logits.device)
    )
    parts["entity"] = _softmax_loss(token_logits[..., at["entity"]], batch.entity.masked_fill(mask == 0, IGNORE))
    parts["role"] = _softmax_loss(token_logits[..., at["role"]], batch.role)
    for name, columns in DOCUMENT_COLUMNS.items():
        logits, target, weight = (
            document_logits[:, columns],
            batch.document[:, columns],
            batch.document_weight[:, columns],
        )
        if name == "relationship":
            each = -(F.log_softmax(logits, dim=-1) * target).sum(-1) * weight[:, 0]
            parts[name] = each.sum() / weight[:, 0].sum().clamp(min=1.0)
        else:
            each = F.binary_cross_entropy_with_logits(logits, target, reduction="none") * weight
            parts[name] = each.sum() / weight.sum().clamp(min=1.0)
    if len(batch.twins):
        stalking = document_logits[:, DOCUMENT_COLUMNS["label"]][:, 0]
        difference = stalking[batch.twins[:, 0]] - stalking[batch.twins[:, 1]]
        parts["twins"] = F.softplus(margin - difference).mean()
    else:
        parts["twins"] = torch.zeros((), dtype=document_logits.dtype)
    return parts
