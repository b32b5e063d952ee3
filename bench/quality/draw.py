"""Draw passages and make cases of them, so many a kind as the language has passages for."""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bench.corpus import Corpus
from bench.quality import footers
from bench.quality.background import Base, passages
from bench.quality.edits import phrase
from bench.quality.kinds import DIFFERENT, Kind, Planted, Scene
from bench.quality.languages import Language
from bench.quality.lines import Line, LineCase
from bench.quality.negatives import NEGATIVES, items_of
from bench.quality.plant import REPEATS
from bench.quality.text import units

#: Cases a kind at full scale: repeats, look-alikes.
TARGETS = {"en": (300, 200), "fr": (100, 60), "fa": (100, 60)}
OTHER_TARGET = (60, 40)
#: Footers at full scale.
FOOTERS = {"en": 4, "fr": 2, "fa": 2}
#: Passages that nothing is planted in, for each that carries a case.
BACKGROUND = 0.35
#: The share of all passages of a language with too few that several kinds may share, and how
#: many cases may share one: five copies of a text would be boilerplate.
SHARED, _SHARERS = 0.3, 3

_ITEMS = Kind("short list items", DIFFERENT, footers.made_elsewhere)
_PLAIN = re.compile(r"[^\W\d_]+")


@dataclass(slots=True)
class Drawn:
    """Everything of one language, before it is arranged in documents.

    Attributes:
        lines: all of them.
        background: those that carry no case.
        cases: with lines of `lines`.
        available: clean passages that the corpus gave.
    """

    lines: list[Line] = field(default_factory=list)
    background: list[Line] = field(default_factory=list)
    cases: list[LineCase] = field(default_factory=list)
    available: int = 0

    def add(self, kind: Kind, planted: Planted, shared: Line | None = None) -> Line:
        """Add the case, or cases, of one draw.

        Args:
            kind: of the case.
            planted: its texts.
            shared: the line that stands for the partner, where another case made it.

        Returns:
            The line of the (first) partner.
        """
        partners = [shared] if shared else [Line(text) for text in planted.partners]
        items = [Line(text) for text in planted.items]
        self.lines += items if shared else [*partners, *items]
        self.cases += [LineCase(kind, item, tuple(partners)) for item in items]
        return partners[0]


def _phrases(text: str, language: Language) -> Iterator[str]:
    """What stands for words where there are no spaces: runs of a few letters."""
    size = phrase(language)
    pieces = units(text, language)
    for i in range(len(pieces) - size + 1):
        run = "".join(pieces[i : i + size])
        if language.runs.fullmatch(run):
            yield run


def _vocabulary(pool: Sequence[Base], language: Language) -> tuple[str, ...]:
    """Plain words that stand in several passages."""
    count: dict[str, int] = {}
    for base in pool[:3000]:
        if language.spaced:
            words = {w for w in base.text.split() if _PLAIN.fullmatch(w) and w == w.lower()}
        else:
            words = set(_phrases(base.text, language))
        for word in words - language.negators:
            count[word] = count.get(word, 0) + 1
    least = 3 if len(pool) > 300 else 2
    return tuple(sorted(w for w, n in count.items() if n >= least and len(w) > 1))


class _Drawer:
    """Takes passages from a pool for one kind after the other.

    Each passage serves once, or up to `most` times; never twice for the same kind.
    """

    def __init__(self, rng: random.Random, pool: list[Base], scene: Scene, most: int = 1) -> None:
        self.rng = rng
        self.pool = pool
        self.scene = scene
        self.most = most
        self.uses: dict[int, int] = {}
        self.used: set[int] = set()
        self.at: dict[str, int] = {}

    def take(self, kind: Kind) -> list[int] | None:
        """Positions of passages for one case; None where there are no more that fit."""
        chosen: list[int] = []
        i = self.at.get(kind.name, 0)
        while i < len(self.pool) and len(chosen) < kind.bases:
            if i not in self.used and kind.fits(self.pool[i], self.scene.language):
                chosen.append(i)
            i += 1
        self.at[kind.name] = i
        if len(chosen) < kind.bases:
            return None
        for i in chosen:
            self.uses[i] = self.uses.get(i, 0) + 1
            if self.uses[i] >= self.most:
                self.used.add(i)
        return chosen

    def make(self, kind: Kind) -> tuple[Planted, int] | None:
        """One case of a kind, and the position of its first passage; None at the end."""
        while True:
            chosen = self.take(kind)
            if chosen is None:
                return None
            planted = kind.make(self.rng, [self.pool[i] for i in chosen], self.scene)
            if planted is not None:
                return planted, chosen[0]
            for i in chosen:  # others may have a use for them
                self.uses[i] -= 1
                self.used.discard(i)


def draw(rng: random.Random, corpus: Corpus, language: Language, scale: float) -> Drawn:
    """Draw one language's part.

    Args:
        rng: random numbers.
        corpus: to take passages from.
        language: of the part.
        scale: share of the full size.

    Returns:
        Lines and cases. Where passages are few, kinds that keep the text as it is, or cut
        it, share some: their items are all repeats of one clean paragraph.
    """
    target = TARGETS.get(language.code, OTHER_TARGET)
    goals = {
        kind.name: max(2, round(target[kind.negative] * scale))
        for kind in (*REPEATS, *NEGATIVES)
        if kind.has(language)
    }
    kinds = [kind for kind in (*NEGATIVES, *REPEATS) if kind.has(language)]
    n_footers = min(len(language.footers), max(1, round(FOOTERS.get(language.code, 1) * scale)))
    need = sum(goals[kind.name] * kind.bases for kind in kinds) + n_footers * footers.DOCUMENTS
    pool = passages(corpus, language, rng, round(need * (1 + BACKGROUND)))
    drawn = Drawn(available=len(pool))
    scene = Scene(language, _vocabulary(pool, language))
    scarce = len(pool) < need * (1 + BACKGROUND)
    if scarce:
        count = round(SHARED * len(pool))
        if language.footers and len(pool) >= 3 * footers.DOCUMENTS:
            count = max(count, footers.DOCUMENTS + 10)
        common = [pool.pop() for _ in range(count)]
        clean = _footers(rng, drawn, common, n_footers, language)
        _share(rng, drawn, common, kinds, goals, scene, clean)
        kinds = [kind for kind in kinds if not kind.shares]
    drawer = _Drawer(rng, pool, scene)
    if not scarce:
        drawer.used.update(_footers(rng, drawn, pool, n_footers, language))
    spare = round(len(pool) * BACKGROUND / (1 + BACKGROUND) * (0.3 if scarce else 1))
    made = dict.fromkeys(goals, 0)
    while kinds and len(drawer.used) + spare < len(pool):
        for kind in list(kinds):
            case = drawer.make(kind) if made[kind.name] < goals[kind.name] else None
            if case is None:
                kinds.remove(kind)
                continue
            drawn.add(kind, case[0])
            made[kind.name] += 1
    pairs = items_of(language)
    for first, second in pairs[: max(2, round(len(pairs) * scale))]:
        drawn.add(_ITEMS, Planted((first,), (second,)))
    drawn.background = [Line(b.text) for i, b in enumerate(pool) if i not in drawer.used]
    drawn.lines += drawn.background
    return drawn


def _share(
    rng: random.Random,
    drawn: Drawn,
    pool: list[Base],
    kinds: list[Kind],
    goals: dict[str, int],
    scene: Scene,
    clean: dict[int, Line],
) -> None:
    """Make the cases of kinds that may share passages; some have a clean line already."""
    drawer = _Drawer(rng, pool, scene, _SHARERS)
    made = dict.fromkeys(goals, 0)
    kinds = [kind for kind in kinds if kind.shares]
    while kinds:
        for kind in list(kinds):
            case = drawer.make(kind) if made[kind.name] < goals[kind.name] else None
            if case is None:
                kinds.remove(kind)
                continue
            planted, i = case
            clean[i] = drawn.add(kind, planted, clean.get(i))
            made[kind.name] += 1
    drawn.lines += [Line(base.text) for i, base in enumerate(pool) if i not in clean]


def _footers(
    rng: random.Random, drawn: Drawn, pool: list[Base], count: int, language: Language
) -> dict[int, Line]:
    """Make the documents with footers; the clean lines in them, by the passages' positions."""
    fitting = [i for i, base in enumerate(pool) if footers.serves(base, language)]
    texts = list(language.footers[: min(count, len(fitting) // footers.DOCUMENTS)])
    chosen = fitting[: len(texts) * footers.DOCUMENTS]
    lines, cases = footers.plant(rng, [pool[i] for i in chosen], texts, language)
    drawn.lines += lines
    drawn.cases += cases
    clean = [case.partners[0] for case in cases if case.kind is footers.GLUED]
    return dict(zip(chosen, clean, strict=True))
