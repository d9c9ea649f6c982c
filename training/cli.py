"""What the data scientist's commands share: where they print, how they fail, and the corpus that they read."""

from __future__ import annotations

import typer
from rich.console import Console

from training.corpus import Corpus, CorpusError, load_corpus

console = Console()


def fail(message: str) -> typer.Exit:
    """Say what is wrong on standard error; to be raised: exit code 2."""
    Console(stderr=True).print(f"foursight: {message}", style="red", highlight=False, markup=False)
    return typer.Exit(2)


def read_corpus() -> Corpus:
    """Return the written reports, or fail with how to find what is wrong with them."""
    try:
        return load_corpus()
    except CorpusError as error:
        raise fail(f"the corpus has problems; run 'foursight corpus check'.\n{error}") from None
