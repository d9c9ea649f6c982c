"""The reader as a torch module: one encoder pass feeds every head.

Token heads tag spans, status and entities. Each document head pools the core tokens of all windows of a document with an attention of its own, so
that the head for the relationship can look at other words than the head for the number of occasions. The pooling is a sum over
windows through the membership matrix, so a document of many windows is pooled exactly as one of one window.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel

from models.heads import DOCUMENT_GROUPS, TOKEN_GROUPS, width

HEAD_WIDTH = 128


class Reader(nn.Module):
    """Encoder and heads.

    forward: ``input_ids``, ``attention_mask`` int64 [W, L]; ``core`` float [W, L]; ``membership`` float [D, W]
    → token logits [W, L, T], document logits [D, M].
    """

    def __init__(self, encoder_folder: str, dropout: float = 0.1) -> None:
        super().__init__()
        config = AutoConfig.from_pretrained(encoder_folder, local_files_only=True)
        # Plain attention: on a CPU the backward pass of the fused kernel costs half of a step.
        config._attn_implementation = "eager"
        config.attention_probs_dropout_prob = 0.0
        self.encoder = AutoModel.from_pretrained(
            encoder_folder, config=config, local_files_only=True, add_pooling_layer=False, dtype=torch.float32
        )
        hidden = config.hidden_size
        self.dropout = nn.Dropout(dropout)
        self.token_head = nn.Sequential(nn.Linear(hidden, hidden), nn.GELU(), nn.Linear(hidden, width(TOKEN_GROUPS)))
        self.attention = nn.Linear(hidden, len(DOCUMENT_GROUPS))
        self.document_heads = nn.ModuleList(
            nn.Sequential(
                nn.LayerNorm(2 * hidden),
                nn.Dropout(dropout),
                nn.Linear(2 * hidden, HEAD_WIDTH),
                nn.GELU(),
                nn.Linear(HEAD_WIDTH, len(names)),
            )
            for names in DOCUMENT_GROUPS.values()
        )

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, core: Tensor, membership: Tensor
    ) -> tuple[Tensor, Tensor]:
        """See the class."""
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        dropped = self.dropout(states)
        token_logits = self.token_head(dropped)
        # tanh bounds the attention logits, so that sums of exponentials over windows are safe without a shared maximum.
        scores = torch.exp(8.0 * torch.tanh(self.attention(dropped) / 8.0)) * core.unsqueeze(-1)  # [W, L, G]
        weighted = torch.einsum("wlg,wlh->wgh", scores, states)  # [W, G, H]
        total = scores.sum(1)  # [W, G]
        mean = (states * core.unsqueeze(-1)).sum(1)  # [W, H]
        attended = torch.einsum("dw,wgh->dgh", membership, weighted) / (membership @ total).unsqueeze(-1)
        average = (membership @ mean) / (membership @ core.sum(1, keepdim=True))
        outputs = [head(torch.cat([attended[:, i], average], dim=-1)) for i, head in enumerate(self.document_heads)]
        return token_logits, torch.cat(outputs, dim=-1)
