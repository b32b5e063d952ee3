"""What a kind of case is; `plant` and `negatives` list them."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.quality.background import Base
from bench.quality.languages import Language

EXACT, NEAR, CONTAINED, COMPOSITE = "exact", "near", "contained", "composite"
#: Merged or linked as a variant are both right.
EDITED = "edited"
VARIANT, DIFFERENT = "variant", "different"
NEGATIVE = (VARIANT, DIFFERENT)


@dataclass(frozen=True, slots=True)
class Planted:
    """The texts of one case.

    Attributes:
        items: each is a case of its own, against all partners.
        partners: the clean text, or the several that an item is made of.
    """

    items: tuple[str, ...]
    partners: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """What makers may draw from.

    Attributes:
        language: of the passages.
        vocabulary: plain words of the language (pairs of characters where there are no
            spaces), as they stand in the corpus.
    """

    language: Language
    vocabulary: tuple[str, ...]


#: Makes a case of so many passages; None where they turn out not to serve.
Maker = Callable[[random.Random, Sequence[Base], Scene], Planted | None]
#: Whether a passage may serve.
Fits = Callable[[Base, Language], bool]


def anything(base: Base, language: Language) -> bool:
    """Every passage serves."""
    return True


def everywhere(language: Language) -> bool:
    """Every language has the kind."""
    return True


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of case.

    Attributes:
        name: of the kind.
        expected: the relation of item and partner.
        make: see `Maker`.
        also: further relations that name it rightly.
        bases: how many passages a case takes.
        fits: see `Fits`.
        has: whether a language has the kind.
        shares: whether the case may take a passage that another such kind has taken; their
            items are all the same text, or parts of it.
    """

    name: str
    expected: str
    make: Maker
    also: tuple[str, ...] = ()
    bases: int = 1
    fits: Fits = anything
    has: Callable[[Language], bool] = everywhere
    shares: bool = False

    @property
    def negative(self) -> bool:
        """Whether item and partner must not be merged."""
        return self.expected in NEGATIVE


def one(item: str, partner: str) -> Planted | None:
    """A case of one item and one partner; None where they came out the same."""
    return Planted((item,), (partner,)) if item != partner else None
