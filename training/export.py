"""Trained weights to the two ONNX graphs of a bundle, small. ``tests/training/test_learning.py`` shows that they compute what torch computed."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.matmul_nbits_quantizer import DefaultWeightOnlyQuantConfig, MatMulNBitsQuantizer
from torch import Tensor, nn

from training.network import Reader


class EncoderGraph(nn.Module):
    """``input_ids``, ``attention_mask`` int64 [W, L] → states float [W, L, H], token logits float [W, L, T]."""

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self.encoder, self.token_head = reader.encoder, reader.token_head

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return states, self.token_head(states)


class HeadsGraph(nn.Module):
    """``states`` float [N, H], ``masks`` float [K, N] → document logits float [K, M]. The pooling of ``Reader.forward``, over chosen tokens."""

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self.attention, self.document_heads = reader.attention, reader.document_heads

    def forward(self, states: Tensor, masks: Tensor) -> Tensor:
        """See the class."""
        scores = torch.exp(8.0 * torch.tanh(self.attention(states) / 8.0))  # [N, G]
        weighted = masks.unsqueeze(-1) * scores  # [K, N, G]
        attended = torch.einsum("kng,nh->kgh", weighted, states) / weighted.sum(1).unsqueeze(-1).clamp(min=1e-6)
        average = (masks @ states) / masks.sum(1, keepdim=True).clamp(min=1e-6)
        outputs = [head(torch.cat([attended[:, i], average], dim=-1)) for i, head in enumerate(self.document_heads)]
        return torch.cat(outputs, dim=-1)


def export_graphs(reader: Reader, folder: Path, small_weights: bool = True) -> None:
    """Write ``encoder.onnx`` and ``heads.onnx``, with small weights (see ``compress``) unless ``small_weights`` is off."""
    reader = reader.float().cpu().eval()
    ids = torch.randint(5, 1000, (2, 24))
    mask = torch.ones_like(ids)
    mask[1, 17:] = 0
    states = torch.randn(19, reader.attention.in_features)
    masks = torch.ones(3, 19)
    dim = torch.export.Dim
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plain = Path(scratch) / "encoder.onnx"
        w, length = dim("windows", min=1, max=4096), dim("length", min=2, max=512)
        torch.onnx.export(
            EncoderGraph(reader).eval(),
            (ids, mask),
            plain,
            input_names=["input_ids", "attention_mask"],
            output_names=["states", "token_logits"],
            dynamic_shapes=({0: w, 1: length}, {0: w, 1: length}),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
        n, k = dim("tokens", min=1, max=65536), dim("masks", min=1, max=4096)
        torch.onnx.export(
            HeadsGraph(reader).eval(),
            (states, masks),
            folder / "heads.onnx",
            input_names=["states", "masks"],
            output_names=["document_logits"],
            dynamic_shapes=({0: n}, {0: k, 1: n}),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
        if small_weights:
            compress(plain, folder / "encoder.onnx")
        else:
            shutil.copy(plain, folder / "encoder.onnx")


def compress(plain: Path, target: Path) -> None:
    """Write the encoder with small weights, each kind the way that costs least.

    The second matrix of each feed-forward layer reads activations with outliers, which one 8-bit scale for a whole tensor ruins (nine tenths of the error of
    quantising everything): its weights are stored in 4-bit blocks and computed in float. Embeddings are only looked up: 4-bit blocks too. Every other
    matrix computes in 8-bit, with a scale a channel.
    """
    model = onnx.load(plain)
    del model.graph.value_info[:]  # inferred shapes of the exporter confuse the quantisers
    shapes = {i.name: list(i.dims) for i in model.graph.initializer}
    blocks = target.with_suffix(".blocks")
    _weights_in_blocks(model, blocks, bits=4, block=32, keep=lambda shape: shape[0] > 2 * shape[1])
    rest = [
        n.name
        for n in model.graph.node
        if n.op_type == "MatMul" and n.input[1] in shapes and not shapes[n.input[1]][0] > 2 * shapes[n.input[1]][1]
    ]
    quantize_dynamic(
        blocks,
        target,
        weight_type=QuantType.QInt8,
        per_channel=True,
        op_types_to_quantize=["MatMul"],
        nodes_to_quantize=rest,
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},  # beyond a block-wise table no type is inferred
    )
    blocks.unlink()


def _weights_in_blocks(
    model: onnx.ModelProto, target: Path, bits: int, block: int, keep: Callable[[list[int]], bool]
) -> None:
    """Store embeddings, and the weights of matrices that ``keep`` names (by shape [in, out]), in blocks with a scale each; the arithmetic stays in float."""
    shapes = {i.name: list(i.dims) for i in model.graph.initializer}
    others = [
        n.name
        for n in model.graph.node
        if n.op_type == "MatMul" and not (n.input[1] in shapes and keep(shapes[n.input[1]]))
    ]
    # Position and type tables are small and stay as they are.
    others += [n.name for n in model.graph.node if n.op_type == "Gather" and shapes.get(n.input[0], [0])[0] < 2000]
    kinds = ("MatMul", "Gather")
    config = DefaultWeightOnlyQuantConfig(
        block_size=block, is_symmetric=True, accuracy_level=4, bits=bits, op_types_to_quantize=kinds
    )
    quantiser = MatMulNBitsQuantizer(
        model,
        bits=bits,
        block_size=block,
        is_symmetric=True,
        accuracy_level=4,
        nodes_to_exclude=others,
        algo_config=config,
        op_types_to_quantize=kinds,
    )
    with np.errstate(invalid="ignore"):  # a block of noughts, the row of the padding token
        quantiser.process()
    onnx.save(quantiser.model.model, target)
