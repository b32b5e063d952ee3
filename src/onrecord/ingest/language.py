"""In which language a document is written, found once a document from a bounded sample.

The guesses come from ELD (package ``eldc``), an n-gram model inside a C extension: no download,
no start-up cost, under 10 µs a call, the GIL released meanwhile. It was chosen by measuring: among
the libraries we tried it was the quickest, and the only one that can be relied on to say so when
a text is in a language it doesn't know. It knows 60 languages.

What is added here:

- samples from the beginning, the middle and the end, because a document may begin with a notice
  in another language;
- None rather than a guess. A wrong language is published and misleads the search for negations;
  a missing one costs little. Of texts in languages that ELD doesn't know, 96 in 100 get None and
  the rest mostly the name of a near relative;
- words and letters that tell neighbours apart where ELD knows only one of them, or has one name
  for both, and three scripts that it can't read.
"""

import re
import unicodedata
from collections import Counter
from typing import NamedTuple

import eldc

#: So many characters are looked at in one place, and in so many places. Longer texts cost no
#: more, and longer samples find no more: of 16,465 real documents 16,360 are named as they should
#: be and 52 are not with 300 characters a place, 16,358 and 52 with 500.
_SAMPLE = 300
_SAMPLES = 3
#: Fewer letters than this tell too little: titles, names, page numbers.
_LEAST_LETTERS = 20
#: Shares of the characters that are no white space. Of 2,500 real documents one in a thousand has
#: more than 0.22 ASCII punctuation and digits, or more than 0.11 of the signs that mark-up and
#: program code need most. Most mark-up has more, and code that is not chiefly comments.
_MOST_NOISE = 0.25
_MOST_SIGNS = 0.12
_SIGNS = b"#$%&*+/<=>@[\\]^_`{|}~"
_NOISE = _SIGNS + b"0123456789!\"'(),-.:;?"

#: ELD calls an answer reliable when its score reaches 85% of the language's usual score. That is
#: too little for these, which have a neighbour in the same script that ELD doesn't know: Tigrinya
#: scores up to 0.87 as Amharic, Pashto 0.88 as Persian, Macedonian mostly under 0.855 as Serbian,
#: Saraiki under 0.935 as Urdu. Texts in the languages themselves reach more from 100 characters on.
_LEAST_SCORE = {"am": 0.90, "fa": 0.90, "sr": 0.855, "ur": 0.935}

#: ELD's Kurdish is Kurdish in Arabic letters. Marathi joins Hindi in `_WORDS`.
_RENAMED = {"ku": "ckb", "mr": "hi"}

#: ELD's name of languages that it can't tell apart, and frequent words that only one of them has.
#: Malay and Indonesian have one name, `ms`, which is right for both where no word decides. Serbian
#: in Latin letters is taken for Croatian; the forms listed for it are ekavian, which only Serbian
#: is. Hindi, Marathi and Nepali differ in vowel signs that ELD leaves out: here the words decide
#: alone, and without them the language is unknown.
_WORDS = {
    "hi": {
        "hi": "है हैं और था थी नहीं",
        "mr": "आहे आहेत आणि नाही मध्ये होते किंवा यांनी त्यांच्या",
        "ne": "छ छन् हुन्छ पनि भएको गर्न गरेको लागि",
    },
    "hr": {
        "hr": """gdje uvijek prije poslije ovdje vrijeme vrijednost vrijednosti dio riječ mjesto
            mjesta djeca djela dijete čovjek dvije mjera mjere vjera primjer promjena rješenje
            primjena posljednji sljedeće sljedeći zahtjev cijeli tko svatko nitko netko uvjet""",
        "sr": """gde uvek pre posle ovde vreme vrednost vrednosti deo reč mesto mesta deca dela
            dete čovek dve mera mere vera primer promena rešenje primena poslednji sledeće
            sledeći zahtev ceo uslov""",
    },
    "ms": {
        "ms": """bahawa kerana ialah sahaja berbeza mahupun mahu cuba tarikh antarabangsa manakala
            sila nombor telefon maklumat rasmi kualiti universiti wang pejabat mesti tiada selepas
            jumaat disember""",
        "id": """bahwa karena bisa harus maupun mau coba tanggal internasional sedangkan silakan
            nomor telepon informasi resmi kualitas universitas uang kantor saat pribadi berbeda
            jumat desember""",
    },
}
_MARKERS = {
    family: {language: frozenset(words.split()) for language, words in siblings.items()}
    for family, siblings in _WORDS.items()
}

#: Families of which ELD's own answer says nothing.
_WORDS_ALONE = frozenset({"hi"})

#: The letters are looked for in so many characters at first.
_START = 40
#: Arabic presentation forms and full-width Latin: letters in clothes that ELD doesn't know. Looked
#: for first, because NFKC takes long where there is much to change, as in Chinese punctuation.
_FORMS = re.compile("[\ufb50-\ufdff\ufe70-\ufefc\uff21-\uff3a\uff41-\uff5a]")
_WORD = re.compile(r"[^\s.,:;!?()\"'“”„«»।]+")  # vowel signs are no \w
#: So many characters show which letters a text uses.
_ENOUGH = 300
#: Letters of Pashto that neither Persian, Arabic, Urdu nor Kurdish has, and their least share.
_PASHTO = re.compile("[ټځڅډړږښڼۍ]+")
_LEAST_PASHTO = 0.01
#: ELD's score from which a text is near enough to the language it names for letters to decide:
#: Pashto has 0.77 to 0.88 as Persian, random Arabic letters up to 0.56.
_LEAST_NEAR = 0.7
#: Japanese has kana everywhere; a Chinese text has a stray one at most.
_KANA = re.compile("[\u3041-\u30fa\u31f0-\u31ff]+")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]+")
_LEAST_KANA = 0.05
#: Scripts that ELD can't read and that one language has nearly to itself, and letters of the
#: Burmese script that Mon, Shan and Karen need and Burmese doesn't.
_SCRIPTS = {
    "km": re.compile("[\u1780-\u17d3]+"),
    "my": re.compile("[\u1000-\u109f]+"),
    "si": re.compile("[\u0d80-\u0df3]+"),
}
_NOT_BURMESE = re.compile("[\u1022\u1028\u1033-\u1035\u1050-\u109f]+")
_MOST_FOREIGN = 0.01

# A configuration of our own, set up once and then only read: no other user of the library can
# change what we find, and threads need no lock.
eldc.init()
_DETECTOR = eldc.instance()
_DETECTOR.set_scores(1)


class _Guess(NamedTuple):
    """What one sample looks like.

    Attributes:
        language: None where nothing can be said.
        sure: whether this sample alone would be enough.
        sample: the text, without line breaks.
    """

    language: str | None
    sure: bool
    sample: str


def _cuts(text: str) -> list[str]:
    """The pieces of a text that are looked at: the whole of a short one."""
    count = min(_SAMPLES, -(-len(text) // _SAMPLE))
    if count <= 1:
        return [text]
    last = len(text) - _SAMPLE
    starts = [last * i // (count - 1) for i in range(count)]
    return [text[start : start + _SAMPLE] for start in starts]


def _share(letters: re.Pattern[str], sample: str) -> float:
    """Share of the characters of a sample that are one of some letters."""
    return 1 - len(letters.sub("", sample)) / len(sample)


def _is_prose(sample: str, data: bytes) -> bool:
    """Whether a sample has enough letters, and no more signs and digits than prose has."""
    few = sum(map(str.isalpha, sample[:_START])) < _LEAST_LETTERS
    if few and sum(map(str.isalpha, sample)) < _LEAST_LETTERS:
        return False
    filled = len(sample) - sample.count(" ")
    noise = len(data) - len(data.translate(None, _NOISE))
    if noise <= _MOST_SIGNS * filled:
        return True  # signs are part of it
    signs = len(data) - len(data.translate(None, _SIGNS))
    return noise <= _MOST_NOISE * filled and signs <= _MOST_SIGNS * filled


def _by_letters(sample: str, language: str) -> str | None:
    """The language that a few letters of a sample give away, though ELD is not sure or wrong."""
    sample = sample[:_ENOUGH]
    if language in ("ja", "zh"):
        kana = _share(_KANA, sample)
        if kana and kana >= _LEAST_KANA * (kana + _share(_HAN, sample)):
            return "ja"
    if language in ("ar", "fa", "ur") and _share(_PASHTO, sample) >= _LEAST_PASHTO:
        return "ps"
    return None


def _by_script(sample: str) -> str | None:
    """The language of a script that ELD can't read."""
    for language, script in _SCRIPTS.items():
        if _share(script, sample) > 0.5:
            foreign = language == "my" and _share(_NOT_BURMESE, sample) > _MOST_FOREIGN
            return None if foreign else language
    return None


def _guess(cut: str) -> _Guess:
    """Look at one piece of a text."""
    if "\0" in cut:
        cut = cut.replace("\0", " ")
    sample = " ".join(cut.split())
    if not sample.isascii():
        sample = unicodedata.normalize("NFKC" if _FORMS.search(sample) else "NFC", sample)
    data = sample.encode("utf-8", "ignore")  # a lone surrogate is no letter of any language
    if not _is_prose(sample, data):
        return _Guess(None, False, sample)
    found = _DETECTOR.detect_details(data.decode())
    language, score = str(found.language), max(found.scores.values(), default=0.0)
    sure = found.reliable and score >= _LEAST_SCORE.get(language, 0.0)
    near = _by_letters(sample, language) if score >= _LEAST_NEAR else None
    given_away = near or (None if sure else _by_script(sample))
    if given_away:
        return _Guess(given_away, True, sample)
    return _Guess(_RENAMED.get(language, language), sure, sample)


def _by_words(family: str, samples: list[str]) -> str | None:
    """Which of the languages that ELD can't tell apart has most of its own words, None at a tie."""
    words = Counter(_WORD.findall(" ".join(samples).lower()))
    counts = {
        language: sum(words[marker] for marker in markers)
        for language, markers in _MARKERS[family].items()
    }
    first, second = sorted(counts, key=counts.__getitem__, reverse=True)[:2]
    return first if counts[first] > counts[second] else None


def detect(text: str) -> str | None:
    """Find the language of a document.

    Looks at three pieces of it. More than half of them must look like the same language, and one
    of those without doubt. The same text gives the same answer always; threads may call it
    together.

    Args:
        text: any text.

    Returns:
        BCP-47 primary subtag, such as ``fa``, ``ckb`` or ``pt``; None where the text is short,
        mixed, program code or mark-up, or in a language that can't be told for sure.
    """
    cuts = _cuts(text)
    guesses: dict[str | None, list[_Guess]] = {}
    for cut in cuts:
        guess = _guess(cut)
        alike = guesses.setdefault(guess.language, [])
        alike.append(guess)
        if guess.language is None or 2 * len(alike) <= len(cuts):
            continue
        words_decide = guess.language in _WORDS_ALONE
        if not (words_decide or any(one.sure for one in alike)):
            continue
        if guess.language not in _MARKERS:
            return guess.language
        more = _by_words(guess.language, [one.sample for one in alike])
        return more or (None if words_decide else guess.language)
    return None
