"""Every command that the training libraries bring is known by name where they are missing."""

import typer

from service.cli import TRAINING_COMMANDS
from training.commands import register


def test_what_training_registers_is_what_serving_can_explain() -> None:
    app = typer.Typer()
    register(app)
    names = {c.name for c in app.registered_commands} | {g.name for g in app.registered_groups}
    assert names == set(TRAINING_COMMANDS)
