"""Weights to go on from, instead of from the bare encoder: those of an earlier run, or those of a bundle that serves.

A bundle keeps small weights (``training.export.compress``): 8-bit with a scale a channel, or 4-bit blocks with a scale each. Here they become floats again; what
rounding cost is small beside one step of training. The two graphs name their parameters as ``training.network.Reader`` does, or, for a quantised matrix, the
bias that is added to its product does.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import numpy_helper

from training.encoders import sha256
from training.network import Reader

Array = npt.NDArray[np.float32]
_BLOCK_ZERO = 8  # The value of a 4-bit block weight that stands for nought.


def load_weights(reader: Reader, start: Path) -> None:
    """Put weights into ``reader``, in place: of a bundle (a folder) or of a run (its ``best.pt``). Raises ValueError when they are not of this network."""
    if start.is_file():
        _load_run(reader, start)
    else:
        _load_bundle(reader, start)


def weights_digest(start: Path) -> str:
    """Return what tells these weights from others."""
    return sha256(start if start.is_file() else start / "encoder.onnx")


def _load_run(reader: Reader, start: Path) -> None:
    try:
        reader.load_state_dict(torch.load(start, map_location="cpu", weights_only=True)["model"])
    except (RuntimeError, KeyError, pickle.UnpicklingError) as error:
        raise ValueError(f"{start} holds no weights of this network ({type(error).__name__})") from None


def _load_bundle(reader: Reader, bundle: Path) -> None:
    found = _read(bundle / "encoder.onnx") | _read(bundle / "heads.onnx")
    state = reader.state_dict()
    missing = [
        name for name, value in state.items() if _learned(name) and name not in found and value.is_floating_point()
    ]
    if missing:
        raise ValueError(
            f"{bundle} holds no weights for {missing[0]} and {len(missing) - 1} more: it is of another network"
        )
    for name, value in state.items():
        if name in found:
            if found[name].shape != tuple(value.shape):
                raise ValueError(f"{bundle}: {name} has the shape {found[name].shape}, not {tuple(value.shape)}")
            state[name] = torch.from_numpy(found[name].astype(np.float32))
    reader.load_state_dict(state)


def _learned(name: str) -> bool:
    return not name.endswith("position_ids")


def _read(graph: Path) -> dict[str, Array]:
    model = onnx.load(graph)
    values = {i.name: i for i in model.graph.initializer}
    arrays: dict[str, Array] = {
        name: numpy_helper.to_array(i) for name, i in values.items() if name.endswith((".weight", ".bias"))
    }
    producer = {output: node for node in model.graph.node for output in node.output}

    def array(name: str) -> npt.NDArray[Any]:
        return np.asarray(numpy_helper.to_array(values[name]))

    for node in model.graph.node:
        if node.op_type == "GatherBlockQuantized":
            name = node.input[0].removesuffix("_Q4")
            arrays[name] = _blocks(array(node.input[0]), array(node.input[2]), _BLOCK_ZERO)
        if node.op_type == "Add":
            bias = next((i for i in node.input if i in values and i.endswith(".bias")), None)
            product = next((i for i in node.input if i != bias), None)
            if bias and product in producer and (weight := _matrix(producer[product], producer, array)) is not None:
                arrays[bias.removesuffix("bias") + "weight"] = weight
    return arrays


def _matrix(
    node: onnx.NodeProto, producer: dict[str, onnx.NodeProto], array: Callable[[str], npt.NDArray[Any]]
) -> Array | None:
    """Return the weight [out, in] of the matrix product that ends in ``node``, or None where it is no quantised product."""
    if node.op_type == "MatMulNBits":
        sizes = {a.name: a.i for a in node.attribute}
        packed = array(node.input[1])
        return _blocks(packed.reshape(sizes["N"], -1), array(node.input[2]).reshape(sizes["N"], -1), _BLOCK_ZERO)[
            :, : sizes["K"]
        ]
    # 8-bit: Mul(Cast(MatMulInteger(x, weight)), Mul(scale of x, scale of weight))
    if node.op_type == "Mul" and (cast := producer.get(node.input[0])) is not None and cast.op_type == "Cast":
        product, scales = producer[cast.input[0]], producer[node.input[1]]
        if product.op_type == "MatMulInteger":
            weight = array(product.input[1]).astype(np.float32)
            zero = array(product.input[3]).astype(np.float32)
            scale = array(scales.input[1])
            return np.ascontiguousarray(((weight - zero) * scale).T)
    return None


def _blocks(packed: npt.NDArray[Any], scales: npt.NDArray[Any], zero: int) -> Array:
    """Return floats [rows, columns] of 4-bit values, two a byte, low half first, with a scale for each block of a row."""
    if packed.dtype == np.uint8:
        values = np.stack([packed & 0x0F, packed >> 4], axis=-1).reshape(packed.shape[0], -1).astype(np.float32) - zero
    else:  # a 4-bit type of ONNX, read by onnx as one value an element
        values = packed.reshape(packed.shape[0], -1).astype(np.float32)
        values -= zero if values.min() >= 0 else 0
    width = values.shape[1] // scales.shape[1]
    return np.asarray(values * np.repeat(np.asarray(scales, dtype=np.float32), width, axis=1), dtype=np.float32)
