"""Imports point one way: nlp, then models, then training or service; what serves needs neither torch nor training."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "nlp": {"nlp"},
    "models": {"nlp", "models"},
    "training": {"nlp", "models", "training"},
    "service": {"nlp", "models", "service"},
}


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_point_one_way(package: str) -> None:
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = (
                [a.name for a in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            for name in names:
                top = name.partition(".")[0]
                assert top not in MAY_IMPORT or top in MAY_IMPORT[package], f"{path.relative_to(ROOT)} imports {name}"


def test_serving_needs_neither_torch_nor_the_training_extra() -> None:
    """With those libraries out of reach the bundle loads, reads and the application is built."""
    code = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "transformers", "sklearn", "mlflow", "training", "matplotlib", "onnx"}:
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Blocked())
import service.app, service.cli, service.assess_command, service.batch
from models.assessor import Assessor
from models.contracts import Report
print(Assessor.load().assess(Report(reference="r", text="He rang me again.")).suggestion)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
