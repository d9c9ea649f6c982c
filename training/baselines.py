"""What a user would otherwise pick, trained on the same reports in the same run: keyword search, and TF-IDF with logistic regression."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from nlp.taxonomy import Label
from training.corpus import Record

Scores = npt.NDArray[np.float64]
Scorer = Callable[[Sequence[str]], Scores]

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


BASELINES: dict[str, Callable[[Sequence[Record]], Scorer]] = {
    "keyword search": keyword_search,
    "TF-IDF + logistic regression": tfidf,
}
