"""A learnt model as data, and what it says of a lead: sums of weights, in Python alone.

A model is a logistic regression on columns cut into bins, so that each column adds its own share to the log odds, and
every point of a lead can be told. It is kept as numbers in JSON: reading one can run no code.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping
from math import exp, fsum, isfinite
from typing import TypeAlias

from atoll import Value

from .reasons import Part
from .report import FeatureKind
from .words import number_of, words_of

Values: TypeAlias = Callable[[str], str | None]
"""What a lead says under the name of a column."""


class Feature(Value):
    """A column of a model.

    `edges` cut numbers: a bin begins at its edge. `levels` are the known values in lower case, or the known words.
    `weights` begin with that of a missing value; then follow those of the bins, or of the levels and of any other
    level; of a text, those of its words are summed. `mean` is what the column adds to the log odds on average.
    """

    column: str
    kind: FeatureKind
    weights: tuple[float, ...]
    edges: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()
    mean: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what cannot be a model's."""
        wanted = {
            FeatureKind.NUMBER: len(self.edges) + 2,
            FeatureKind.CATEGORY: len(self.levels) + 2,
            FeatureKind.WORDS: len(self.levels) + 1,
        }.get(self.kind)
        if len(self.weights) != wanted:
            raise ValueError(f"the column `{self.column}` has {len(self.weights)} weights, and {wanted} are needed")
        if not all(map(isfinite, (*self.weights, *self.edges, self.mean))):
            raise ValueError(f"the column `{self.column}` has a weight or an edge that is no number")
        if list(self.edges) != sorted(set(self.edges)):
            raise ValueError(f"the edges of the column `{self.column}` do not grow")


class Artefact(Value):
    """A whole model. Points are `start + slope * log odds`, held between 0 and 100. `rows` taught it."""

    intercept: float
    features: tuple[Feature, ...]
    slope: float
    start: float
    rows: int


class Predictor:
    """A model, ready to say something of leads."""

    def __init__(self, artefact: Artefact) -> None:
        self.artefact = artefact
        self._known = [{level: index for index, level in enumerate(feature.levels, 1)} for feature in artefact.features]
        means = sum(feature.mean for feature in artefact.features)
        self._base = artefact.start + artefact.slope * (artefact.intercept + means)

    def log_odds(self, values: Values) -> float:
        """How much more likely a good outcome is than a bad one, as a logarithm."""
        shares = (
            self._share(feature, known, values(feature.column))
            for feature, known in zip(self.artefact.features, self._known, strict=True)
        )
        return self.artefact.intercept + sum(shares)

    def told(self, values: Values, version: int) -> tuple[float, list[Part]]:
        """The probability of a good outcome, and the parts of the points: an average lead, and what differs here."""
        artefact = self.artefact
        parts = [Part("model_start", self._base, f"An average lead, as model {version} knows it.")]
        log_odds = artefact.intercept
        for feature, known in zip(artefact.features, self._known, strict=True):
            value = values(feature.column)
            share = self._share(feature, known, value)
            log_odds += share
            exact = artefact.slope * (share - feature.mean)
            said = "is not known" if value is None else f"is {value}"
            sentence = f"Learnt from {artefact.rows:,} outcomes: `{feature.column}` {said}."
            parts.append(Part(f"model_{feature.column}", exact, sentence))
        return probability(log_odds), parts

    @staticmethod
    def _share(feature: Feature, known: Mapping[str, int], value: str | None) -> float:
        if value is None:
            return feature.weights[0]
        if feature.kind is FeatureKind.CATEGORY:
            return feature.weights[known.get(value.casefold(), len(feature.weights) - 1)]
        if feature.kind is FeatureKind.NUMBER:
            number = number_of(value)
            return feature.weights[0 if number is None else bisect_right(feature.edges, number) + 1]
        return fsum(feature.weights[known[word]] for word in words_of(value)[1] & known.keys())


def probability(log_odds: float) -> float:
    """The probability behind log odds.

    >>> probability(0.0)
    0.5
    """
    if log_odds >= 0:
        return 1 / (1 + exp(-log_odds))
    grown = exp(log_odds)
    return grown / (1 + grown)
