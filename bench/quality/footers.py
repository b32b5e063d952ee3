"""Boilerplate glued to last sentences: documents of their own, in a source of their own.

A licence line or a call to subscribe stands behind the last sentence of every article of a
site, often without a space. The article's last paragraph is still the same paragraph, and the
articles are still different ones.
"""

import random
from itertools import pairwise

from bench.quality.background import Base
from bench.quality.kinds import CONTAINED, DIFFERENT, EXACT, NEAR, Kind, Planted, Scene
from bench.quality.languages import Language
from bench.quality.lines import Line, LineCase


def made_elsewhere(rng: random.Random, bases: object, scene: Scene) -> Planted | None:
    """Stands for a maker where cases come by the document or the list."""
    raise NotImplementedError("footers are planted by the document")


GLUED = Kind("footer glued on", CONTAINED, made_elsewhere, also=(NEAR, EXACT))
ALONE = Kind("footer alone", EXACT, made_elsewhere)
SHARED = Kind("a shared footer", DIFFERENT, made_elsewhere)

#: Documents in which a footer is glued on, and in which it stands alone.
DOCUMENTS, ALONE_IN = 40, 6
#: An article's last paragraph has at most so many units.
LONGEST = {True: 60, False: 120}


def serves(base: Base, language: Language) -> bool:
    """Whether a passage could end an article."""
    return base.size <= LONGEST[language.spaced]


def plant(
    rng: random.Random, bases: list[Base], footers: list[str], language: Language
) -> tuple[list[Line], list[LineCase]]:
    """Documents with footers.

    Args:
        rng: random numbers.
        bases: `DOCUMENTS` passages for each footer.
        footers: of one site.
        language: of both.

    Returns:
        Lines that know their document, and the cases. Each document holds the clean last
        paragraph of another one and its own last paragraph with the footer glued on.
    """
    lines: list[Line] = []
    cases: list[LineCase] = []
    number = 0
    for k, footer in enumerate(footers):
        own = bases[k * DOCUMENTS : (k + 1) * DOCUMENTS]
        first = number
        clean = [
            Line(base.text, ("footers", first + (i + 7) % len(own))) for i, base in enumerate(own)
        ]
        glued = []
        for i, base in enumerate(own):
            glue = language.joiner if rng.random() < 0.5 else ""
            glued.append(Line(base.text + glue + footer, ("footers", first + i)))
        number += len(own)
        lines += clean + glued
        cases += [LineCase(GLUED, g, (c,)) for g, c in zip(glued, clean, strict=True)]
        cases += [LineCase(SHARED, a, (b,)) for a, b in pairwise(glued)]
        alone = [Line(footer, ("footers", number + i)) for i in range(ALONE_IN)]
        number += ALONE_IN
        lines += alone
        cases += [LineCase(ALONE, line, (alone[0],)) for line in alone[1:]]
    return lines, cases
