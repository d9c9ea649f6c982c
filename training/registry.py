"""The registry of models in MLflow: each bundle once, by its digest, with the aliases champion and challenger."""

from __future__ import annotations

import os
import shutil
import tempfile
import tomllib
import warnings
from dataclasses import dataclass
from importlib.metadata import requires
from pathlib import Path
from typing import Any

from models.bundle import Manifest, open_bundle
from training.tracking import ROOT, tracking

MODEL = "foursight"
CHAMPION, CHALLENGER = "champion", "challenger"
# Set on a version when it becomes champion: the one to go back to.
PREVIOUS = "previous_champion"


@dataclass(frozen=True)
class Registered:
    """One version in the registry."""

    version: str
    digest: str
    name: str


class Registry:
    """The registered model ``foursight`` on the tracking server in use."""

    def __init__(self) -> None:
        self.mlflow = tracking()
        self.client: Any = self.mlflow.MlflowClient()

    def holder(self, alias: str) -> Registered | None:
        """Return the version that has the alias, or None. A server that does not answer raises: it must not look like a registry without champion."""
        from mlflow.exceptions import MlflowException

        try:
            return _registered(self.client.get_model_version_by_alias(MODEL, alias))
        except MlflowException as error:
            # MLflow says INVALID_PARAMETER_VALUE where the alias is not set.
            if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                return None
            raise

    def register(self, bundle: Path) -> Registered:
        """Register a bundle, once: the same bundle again is the same version. Raises BundleError for one that is not whole."""
        manifest = open_bundle(bundle)
        for found in self.client.search_model_versions(f"name = '{MODEL}'"):
            if found.tags.get("digest") == manifest.digest:
                return _registered(found)
        name = f"{manifest.name} {manifest.version}"
        with self.mlflow.start_run(run_name=f"register {name}"):
            info = log_bundle(self.mlflow, bundle, manifest)
            for split, figures in manifest.metrics.items():
                ranking = figures.get("ranking", {}).get("Foursight", {}) if isinstance(figures, dict) else {}
                if "average_precision" in ranking:
                    self.mlflow.log_metric(f"{split}_average_precision", ranking["average_precision"])
        # Version and tags in one step: a version without its digest would never be found again.
        made = self.mlflow.register_model(info.model_uri, MODEL, tags={"digest": manifest.digest, "bundle": name})
        return Registered(str(made.version), manifest.digest, name)

    def give(self, alias: str, version: str) -> None:
        """Move an alias."""
        self.client.set_registered_model_alias(MODEL, alias, version)

    def take(self, alias: str) -> None:
        """Remove an alias."""
        self.client.delete_registered_model_alias(MODEL, alias)

    def note(self, version: str, key: str, value: str) -> None:
        """Tag a version."""
        self.client.set_model_version_tag(MODEL, version, key, value[:5000])

    def forget(self, version: str, key: str) -> None:
        """Remove a tag of a version."""
        self.client.delete_model_version_tag(MODEL, version, key)

    def previous(self, version: str) -> Registered | None:
        """Return the version that was champion before this one."""
        before = self.client.get_model_version(MODEL, version).tags.get(PREVIOUS)
        return _registered(self.client.get_model_version(MODEL, before)) if before else None

    def fetch(self, registered: Registered, folder: Path) -> Path:
        """Return the bundle of a version in ``folder``/DIGEST, fetched and checked if it is not there yet."""
        target = folder / registered.digest[:16]
        if not target.exists():
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder) as spare:
                root = self.mlflow.artifacts.download_artifacts(
                    artifact_uri=f"models:/{MODEL}/{registered.version}", dst_path=spare
                )
                # MLflow keeps an artefact under the name of the folder that it came from; the model says which.
                flavour = self.mlflow.models.Model.load(root).flavors["python_function"]
                Path(root, flavour["artifacts"]["bundle"]["path"]).replace(target)
        open_bundle(target)
        return target


def _registered(found: Any) -> Registered:
    return Registered(str(found.version), found.tags.get("digest", ""), found.tags.get("bundle", ""))


def log_bundle(mlflow: Any, bundle: Path, manifest: Manifest) -> Any:
    """Log a bundle as a pyfunc model with its signature, the code that reads it and what serving needs; return MLflow's ModelInfo."""
    from mlflow.models import ModelSignature
    from mlflow.types.schema import ColSpec, Schema, TensorSpec

    optional: list[ColSpec | TensorSpec] = [
        ColSpec("string", name, required=False) for name in ("reference", "recorded_offence", "reported_at")
    ]
    text = ("reference", "suggestion", "offence", "relationship", "assessment")
    outputs: list[ColSpec | TensorSpec] = [
        *(ColSpec("string", n) for n in text),
        ColSpec("double", "probability"),
        ColSpec("long", "occasions"),
    ]
    with tempfile.TemporaryDirectory() as spare, warnings.catch_warnings():
        # An example would put a report into the registry; the signature is given.
        warnings.filterwarnings("ignore", message=".*input example was not provided")
        code = []
        for package in ("nlp", "models"):
            copied = Path(spare, package)
            shutil.copytree(ROOT / package, copied, ignore=shutil.ignore_patterns("bundles", "__pycache__"))
            code.append(str(copied))
        return mlflow.pyfunc.log_model(
            name="model",
            python_model=str(Path(__file__).with_name("pyfunc_model.py")),
            artifacts={"bundle": str(bundle.resolve())},
            code_paths=code,
            signature=ModelSignature(inputs=Schema([ColSpec("string", "text"), *optional]), outputs=Schema(outputs)),
            pip_requirements=serving_requirements(),
            metadata={"digest": manifest.digest, "bundle": f"{manifest.name} {manifest.version}"},
        )


def serving_requirements() -> list[str]:
    """Return what serving needs, without the extras, and pandas, which MLflow hands tables over with.

    In a checkout pyproject.toml says it: what pip noted when the checkout was installed may be of an older day.
    """
    project = ROOT / "pyproject.toml"
    if project.is_file():
        needed: list[str] = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["dependencies"]
    else:
        needed = [r for r in requires("foursight") or [] if "extra ==" not in r]
    return [*needed, "pandas"]


def point(pointer: Path, bundle: Path) -> None:
    """Make a pointer file name a bundle, whole or not at all; a running service with FOURSIGHT_BUNDLE set to it takes the new model within seconds."""
    pointer.parent.mkdir(parents=True, exist_ok=True)
    partial = pointer.with_name(pointer.name + ".partial")
    partial.write_text(os.path.relpath(bundle.resolve(), pointer.parent.resolve()) + "\n", encoding="utf-8")
    partial.replace(pointer)
