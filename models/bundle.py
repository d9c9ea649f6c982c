"""The bundle: a folder with everything needed to read reports, checked by digest before anything is loaded.

``manifest.json`` names every file with its SHA-256 and says what the model is, what it was trained on and how good it was.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from models.heads import DOCUMENT_GROUPS, TOKEN_GROUPS

DEFAULT_BUNDLE = Path(__file__).resolve().parent / "bundles" / "default"
FORMAT = 1
MANIFEST = "manifest.json"
FILES = ("encoder.onnx", "heads.onnx", "tokenizer.json", "decision.json", "model-card.md")


class BundleError(RuntimeError):
    """A bundle that cannot be used; the message names the file and the mend."""


class Manifest(BaseModel):
    """What a bundle says of itself. ``plain``: its texts are read with names and sexes in one form (``nlp/plain.py``)."""

    model_config = ConfigDict(extra="forbid")

    format: int
    name: str
    version: str
    created: str
    encoder: str
    licence: str
    encoder_sha256: str
    corpus_digest: str
    window: int
    overlap: int
    plain: bool = False
    hidden: int
    token_groups: dict[str, list[str]]
    document_groups: dict[str, list[str]]
    metrics: dict[str, Any]
    files: dict[str, str]

    @property
    def digest(self) -> str:
        """One digest for all that decides what is read: the files by name and digest, how texts are cut into windows, and whether they are read plainly."""
        lines = [f"{name} {value}" for name, value in sorted(self.files.items())]
        joined = "\n".join([*lines, f"window {self.window} overlap {self.overlap}", *(["plain"] if self.plain else [])])
        return hashlib.sha256(joined.encode()).hexdigest()


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def pointed_at(named: Path) -> Path:
    """Return the folder of a bundle, whether named itself, by a link, or by a file whose only line is its path (relative to that file). Raises BundleError."""
    try:
        if not named.is_file():
            return named.resolve()
        if named.stat().st_size > 4096:
            raise BundleError(f"{named} is no pointer to a bundle: it must hold one line, the path of a folder.")
        return (named.parent / named.read_text(encoding="utf-8").strip()).resolve()
    except (OSError, UnicodeDecodeError) as fault:
        raise BundleError(f"{named} cannot be read ({type(fault).__name__}); set FOURSIGHT_BUNDLE.") from None


def open_bundle(folder: Path) -> Manifest:
    """Check a bundle and return its manifest; raises BundleError with what is wrong and how to mend it."""
    path = folder / MANIFEST
    mend = "Restore it from version control, or name another folder (a command's argument, or FOURSIGHT_BUNDLE)."
    try:
        manifest = Manifest.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BundleError(f"no bundle at {folder}: {MANIFEST} is missing. {mend}") from None
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error.strerror}. {mend}") from None
    except (ValidationError, UnicodeDecodeError):
        raise BundleError(f"{path} is not a manifest of this version of Foursight. {mend}") from None
    if manifest.format != FORMAT:
        raise BundleError(
            f"{path}: format {manifest.format}, but this version reads format {FORMAT}. Train or fetch a bundle for it."
        )
    here = (
        {name: list(members) for name, members in TOKEN_GROUPS.items()},
        {n: list(m) for n, m in DOCUMENT_GROUPS.items()},
    )
    if (manifest.token_groups, manifest.document_groups) != here:
        raise BundleError(
            f"{path}: the model's outputs are not those this version knows. Train it again with this version."
        )
    for name in FILES:
        if name not in manifest.files:
            raise BundleError(f"{path} does not list {name}. {mend}")
    for name, expected in manifest.files.items():
        file = folder / name
        if file.resolve().parent != folder.resolve():
            raise BundleError(f"{path} lists {name!r}, which is outside the bundle. {mend}")
        try:
            found = file_digest(file)
        except OSError as error:
            raise BundleError(f"{file} cannot be read: {error.strerror or error}. {mend}") from None
        if found != expected:
            raise BundleError(
                f"{file} is damaged: its SHA-256 is {found[:12]}…, the manifest says {expected[:12]}…. {mend}"
            )
    return manifest


def seal_bundle(folder: Path, **fields: Any) -> Manifest:
    """Write the manifest over the files in ``folder``, whole or not at all."""
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise BundleError(f"{folder} lacks {', '.join(missing)}")
    manifest = Manifest(
        format=FORMAT,
        token_groups={name: list(members) for name, members in TOKEN_GROUPS.items()},
        document_groups={name: list(members) for name, members in DOCUMENT_GROUPS.items()},
        files={name: file_digest(folder / name) for name in FILES},
        **fields,
    )
    partial = folder / (MANIFEST + ".partial")
    partial.write_text(
        json.dumps(manifest.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    partial.replace(folder / MANIFEST)
    return manifest
