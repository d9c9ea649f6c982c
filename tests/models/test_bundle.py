"""A damaged bundle is refused with a message that names the file and the mend."""

import json
from pathlib import Path

import pytest

from models.bundle import DEFAULT_BUNDLE, FILES, MANIFEST, BundleError, open_bundle, seal_bundle


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A bundle of the shipped one's manifest over small files: what is checked here is digests and names, not the model."""
    for name in FILES:
        (tmp_path / name).write_bytes(name.encode() * 50)
    shipped = json.loads((DEFAULT_BUNDLE / MANIFEST).read_text(encoding="utf-8"))
    seal_bundle(
        tmp_path,
        **{k: v for k, v in shipped.items() if k not in ("format", "token_groups", "document_groups", "files")},
    )
    return tmp_path


def test_the_shipped_bundle_is_whole_and_small_enough() -> None:
    manifest = open_bundle(DEFAULT_BUNDLE)
    assert set(FILES) <= set(manifest.files)
    assert sum(f.stat().st_size for f in DEFAULT_BUNDLE.iterdir()) <= 100_000_000
    assert manifest.metrics["test"]["answers"], "the manifest says how good the model is"


@pytest.mark.parametrize("name", FILES)
def test_a_changed_byte_in_any_file_is_found(copy: Path, name: str) -> None:
    path = copy / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(BundleError, match=rf"{name} is damaged"):
        open_bundle(copy)


@pytest.mark.parametrize("name", [*FILES, "manifest.json"])
def test_a_missing_file_is_named(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(BundleError, match=name):
        open_bundle(copy)


def test_a_manifest_cannot_reach_outside_the_bundle(copy: Path) -> None:
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["files"]["../escape"] = "0" * 64
    (copy / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match="outside the bundle"):
        open_bundle(copy)


@pytest.mark.parametrize("content", ["", "{}", "[]", "not json", '{"format": 99}'])
def test_a_manifest_that_is_none_is_refused(copy: Path, content: str) -> None:
    (copy / "manifest.json").write_text(content)
    with pytest.raises(BundleError, match="manifest"):
        open_bundle(copy)


def test_a_model_with_other_outputs_is_refused(copy: Path) -> None:
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["token_groups"]["in"].append("telepathy")
    (copy / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match="outputs are not those"):
        open_bundle(copy)
