"""What a user would otherwise pick, trained on the same reports in the same run.

Keyword search, TF-IDF with logistic regression, spaCy's text classifier, and a classifier on frozen sentence embeddings.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from nlp.taxonomy import Label
from training.corpus import Record

Scores = npt.NDArray[np.float64]
Scorer = Callable[[Sequence[str]], Scores]
QUICK = ("keyword search", "TF-IDF + logistic regression")

KEYWORDS = re.compile(
    r"stalk|follow(?:s|ed|ing)|obsess|fixat|harass|watching|waiting outside|turn(?:s|ed|ing) up|non.?molestation|restraining order"
    r"|track(?:er|ing)|won'?t leave|keeps (?:calling|ringing|messaging|texting|coming)|every day|blocked",
    re.IGNORECASE,
)


def keyword_search(records: Sequence[Record]) -> Scorer:
    """Return the search a force runs today: the number of different words of a list that the text holds. Learns nothing."""
    del records
    return lambda texts: np.array([float(len({m.lower() for m in KEYWORDS.findall(t)})) for t in texts])


def tfidf(records: Sequence[Record]) -> Scorer:
    """Return TF-IDF of words and word pairs with logistic regression, balanced classes, trained on the clear records."""
    clear = [r for r in records if r.label is not Label.UNCLEAR]
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
        LogisticRegression(C=10.0, class_weight="balanced", max_iter=2000),
    )
    model.fit([r.text for r in clear], [r.label is Label.STALKING for r in clear])
    return lambda texts: np.asarray(model.predict_proba(list(texts))[:, 1])


def spacy_textcat(records: Sequence[Record]) -> Scorer:
    """Return spaCy's own text classifier (bag of words and a small convolutional network, its default ensemble), 4 epochs."""
    import spacy
    from spacy.training import Example
    from thinc.util import fix_random_seed

    fix_random_seed(1)
    nlp = spacy.blank("en")
    nlp.add_pipe("textcat")
    labels = [
        {"cats": {"stalking": float(y), "other": float(not y)}} for y in (r.label is Label.STALKING for r in records)
    ]
    examples = [
        Example.from_dict(nlp.make_doc(r.text), cats)
        for r, cats in zip(records, labels, strict=True)
        if r.label is not Label.UNCLEAR
    ]
    nlp.initialize(lambda: examples)
    chance = random.Random(1)
    for _ in range(4):
        chance.shuffle(examples)
        for at in range(0, len(examples), 32):
            nlp.update(examples[at : at + 32], drop=0.2)
    return lambda texts: np.array([doc.cats["stalking"] for doc in nlp.pipe(texts)])


def frozen_embeddings(records: Sequence[Record]) -> Scorer:
    """Return logistic regression on the mean token state of MiniLM as it comes, at most 256 tokens a text."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    from training.encoders import encoder_folder

    folder = str(encoder_folder("minilm", Path("var/training/encoders")))
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    encoder = AutoModel.from_pretrained(folder, local_files_only=True).eval()

    def embed(texts: Sequence[str]) -> Scores:
        rows = []
        with torch.no_grad():
            for at in range(0, len(texts), 16):
                inputs = tokenizer(
                    list(texts[at : at + 16]), truncation=True, max_length=256, padding=True, return_tensors="pt"
                )
                states = encoder(**inputs).last_hidden_state
                mask = inputs["attention_mask"].unsqueeze(-1)
                rows.append(((states * mask).sum(1) / mask.sum(1)).numpy())
        return np.asarray(np.concatenate(rows), dtype=np.float64)

    clear = [r for r in records if r.label is not Label.UNCLEAR]
    model = LogisticRegression(C=10.0, class_weight="balanced", max_iter=3000)
    model.fit(embed([r.text for r in clear]), [r.label is Label.STALKING for r in clear])
    return lambda texts: np.asarray(model.predict_proba(embed(texts))[:, 1])


BASELINES: dict[str, Callable[[Sequence[Record]], Scorer]] = {
    "keyword search": keyword_search,
    "TF-IDF + logistic regression": tfidf,
    "spaCy textcat": spacy_textcat,
    "frozen embeddings + logistic regression": frozen_embeddings,
}
