"""Corpus, training, evaluation, tracking and promotion. Needs the ``train`` extra; nothing in service imports it."""
