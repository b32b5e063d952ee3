"""Words that matter to the guard: negations and hedges, numbers and dates.

Spelled in the normal form: lower case, and split at apostrophes ("can't" is "can", "t"). A
word of one language is guarded in all of them: a false alarm only keeps two texts apart and
links them as variants. A language that is missing here is not trusted: there, any difference
in the middle of two texts keeps them apart.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onrecord.kernel import kernel

NEGATION, NUMBER_WORD, DATE_WORD = 1, 2, 4

_NEGATIONS = {
    "en": """no not never none nobody nothing neither nor nowhere without cannot t doesnt
        didnt wont isnt wasnt arent couldnt wouldnt hasnt havent hardly scarcely barely denied
        denies deny refused refuses refuse failed fails unlikely false falsely untrue lie lies
        allegedly reportedly purportedly supposedly alleged almost nearly former attempted
        threatened threatens unconfirmed rumour rumours rumor rumors hoax withdraw withdrew
        withdrawn withdrawal withdraws retract retracted retraction against""",
    "es": "no nunca jamás ni nada nadie ningún ninguno ninguna ningunos ningunas sin tampoco",
    "fr": "ne n pas non jamais ni rien personne aucun aucune sans",
    "pt": "não nunca jamais nem nada ninguém nenhum nenhuma sem tampouco",
    "it": "non né mai niente nulla nessuno nessuna nessun senza neanche nemmeno neppure",
    "de": "nicht kein keine keinen keinem keiner keines nie niemals niemand nichts weder ohne",
    "nl": "niet geen nooit niemand niets zonder nergens",
    "ru": "не ни нет без никто ничто ничего никогда нигде никакой никаких нельзя",
    "uk": "не ні немає без ніхто ніщо нічого ніколи ніде",
    "ar": "لا لم لن ليس ليست ليسوا غير ما بدون دون كلا ولا ولم ولن",
    "fa": "نه نيست نبود نشد نمي هيچ بدون نيستند نباشد غير نكرد ندارد",
    "zh": "不 没 沒 未 无 無 非 否 别 勿",
    "ja": "不 非 無 未 否",
}
_NUMBER_WORDS = {
    "en": """zero one two three four five six seven eight nine ten eleven twelve thirteen
        fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty
        seventy eighty ninety hundred hundreds thousand thousands million millions billion
        billions trillion dozen dozens half third quarter first second fourth fifth sixth
        seventh eighth ninth tenth once twice both several few percent""",
    "es": """cero uno una dos tres cuatro cinco seis siete ocho nueve diez once doce veinte
        treinta cuarenta cincuenta cien ciento mil millón millones primero segundo tercero""",
    "fr": """zéro un deux trois quatre cinq six sept huit neuf dix onze douze vingt trente
        quarante cinquante cent cents mille million millions milliard premier deuxième""",
    "de": """null ein eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf zwanzig
        dreißig hundert tausend million millionen erste zweite dritte""",
    "pt": "zero um dois três quatro cinco seis sete oito nove dez vinte trinta cem mil milhões",
    "it": "zero uno due tre quattro cinque sei sette otto nove dieci venti trenta cento mille",
    "ru": """ноль один два три четыре пять шесть семь восемь девять десять двадцать тридцать
        сорок пятьдесят сто двести тысяча тысячи тысяч миллион миллиона миллионов""",
}
_DATE_WORDS = {
    "en": """january february march april june july august september october november december
        jan feb mar apr jun jul aug sep sept oct nov dec monday tuesday wednesday thursday
        friday saturday sunday today yesterday tomorrow morning evening""",
    "es": """enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre
        diciembre lunes martes miércoles jueves viernes sábado domingo hoy ayer mañana""",
    "fr": """janvier février mars avril mai juin juillet août septembre octobre novembre
        décembre lundi mardi mercredi jeudi vendredi samedi dimanche hier demain""",
    "de": """januar februar märz april mai juni juli august september oktober november dezember
        montag dienstag mittwoch donnerstag freitag samstag sonntag heute gestern morgen""",
    "pt": """janeiro fevereiro março maio junho julho setembro outubro novembro dezembro
        segunda terça quarta quinta sexta sábado domingo hoje ontem amanhã""",
    "it": """gennaio febbraio aprile maggio giugno luglio settembre ottobre dicembre lunedì
        martedì mercoledì giovedì venerdì sabato domenica oggi ieri domani""",
    "ru": """января февраля марта апреля мая июня июля августа сентября октября ноября декабря
        понедельник вторник среда среду четверг пятница пятницу суббота субботу воскресенье
        сегодня вчера завтра""",
    "fa": """شنبه يكشنبه دوشنبه سهشنبه چهارشنبه پنجشنبه پنجشنبه جمعه فروردين ارديبهشت خرداد تير
        مرداد شهريور مهر آبان آذر دي بهمن اسفند ژانويه فوريه مارس آوريل مه ژوئن ژوئيه اوت
        سپتامبر اكتبر نوامبر دسامبر امروز ديروز فردا""",
    "ar": """السبت الأحد الاثنين الإثنين الثلاثاء الأربعاء الخميس الجمعة يناير فبراير مارس أبريل
        مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر اليوم أمس غدا""",
}

#: Languages (BCP-47 primary subtags) whose negations we know.
NEGATION_LANGUAGES = frozenset(_NEGATIONS)

_SLOTS = 4096  # a power of two, far above the number of words


class Lexicon(NamedTuple):
    """An open-addressing hash table from token hash to the classes of the word.

    Attributes:
        keys: uint64[_SLOTS], token hashes; 0 where a slot is free.
        classes: uint8[_SLOTS], NEGATION | NUMBER_WORD | …
    """

    keys: NDArray[np.uint64]
    classes: NDArray[np.uint8]


HASH_START = np.uint64(0xCBF29CE484222325)


@kernel
def hash_step(h, byte):
    """Take one more byte into a hash that began with HASH_START (64-bit FNV-1a)."""
    return (h ^ np.uint64(byte)) * np.uint64(0x100000001B3)


@kernel
def hash_end(h):
    """Finish a hash with the finaliser of MurmurHash3; never 0."""
    h ^= h >> np.uint64(33)
    h *= np.uint64(0xFF51AFD7ED558CCD)
    h ^= h >> np.uint64(33)
    h *= np.uint64(0xC4CEB9FE1A85EC53)
    h ^= h >> np.uint64(33)
    return h if h != np.uint64(0) else np.uint64(1)


@kernel
def hash_bytes(data, start, end):
    """64-bit hash of ``data[start:end]``; never 0."""
    h = HASH_START
    for i in range(start, end):
        h = hash_step(h, data[i])
    return hash_end(h)


@cache
def lexicon() -> Lexicon:
    """Build the table (a few hundred words)."""
    classes_of: dict[str, int] = {}
    for flag, lists in (
        (NEGATION, _NEGATIONS),
        (NUMBER_WORD, _NUMBER_WORDS),
        (DATE_WORD, _DATE_WORDS),
    ):
        for words in lists.values():
            for word in words.split():
                classes_of[word] = classes_of.get(word, 0) | flag
    keys = np.zeros(_SLOTS, np.uint64)
    classes = np.zeros(_SLOTS, np.uint8)
    for word in sorted(classes_of):
        data = np.frombuffer(word.encode(), np.uint8)
        key = hash_bytes(data, 0, len(data))
        slot = int(key) % _SLOTS
        while keys[slot]:
            slot = (slot + 1) % _SLOTS
        keys[slot], classes[slot] = key, classes_of[word]
    return Lexicon(keys, classes)
