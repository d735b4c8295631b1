"""Subject, relation and object of a caption, by a rule over its words: no model, no tagger.

A caption is cut where verbs, prepositions and conjunctions stand; what lies between is a noun
phrase, whose last word is its noun. The first phrase is the subject. What follows it is read group
by group, ``[verb] [prepositions] noun phrase``:

- a group that begins with a verb belongs to the subject, a participle straight after a person or
  an animal to that (``a woman watches a child playing in sand``);
- a group of a preposition alone belongs to the subject straight after it (``a boy in a hat``), and
  to the verb where that has no direct object (``jumping over a fence in a field``: over, and in);
  elsewhere it may belong to either, and gives nothing;
- ``and``, ``while``, ``as``, a comma and the like, followed by a noun phrase, begin a new subject;
  two subjects joined by ``and`` share what follows;
- what is only tried or about to happen (``about to jump``) gives nothing.

Words become one form each: verbs their participle (``runs``: running), nouns the singular, and a
few that mean the same one word (``lady``: woman). Relations keep verb and preposition. Clothes that
somebody is ``in`` are worn.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import NamedTuple


class Triple(NamedTuple):
    """Subject, relation and object."""

    subject: str
    relation: str
    object: str


FIELDS = ("subject", "relation", "object")


# -- words -------------------------------------------------------------------------------------

_LISTS = tomllib.loads((files("embarith.questions") / "triples.toml").read_text(encoding="utf-8"))


def _words(name: str) -> frozenset[str]:
    return frozenset(_LISTS[name].split())


CLOTHES = _words("clothes")
PEOPLE = _words("people")
ANIMALS = _words("animals")
_DISTINCT = _words("distinct")
_BREEDS = _words("breeds")
_MASS = _words("mass")
_DETERMINERS = _words("determiners")
_PLURAL_MARKS = _words("plural_marks")
_ADJECTIVES = _words("adjectives")
_COLORS = _words("colors")
_COMPOUNDS = _words("compounds")
_NO_PARTICIPLES = _words("no_participles")
_NO_PAST = _words("no_past")
_NO_ADVERBS = _words("no_adverbs")
_PARTS = _words("parts")
_UNCHANGED = _words("unchanged")
_SAME: dict[str, str] = _LISTS["same"]
_SINGULAR: dict[str, str] = _LISTS["singular"]
_MULTIWORD: dict[str, str] = _LISTS["multiword"]
_AUXILIARIES = _words("auxiliaries")
_ADVERBS = _words("adverbs")
_CONJUNCTIONS = _words("conjunctions")
_RELATIVES = _words("relatives")
_IDLE = _words("idle")
_PRONOUNS = _words("pronouns")
_PREPOSITIONS = {word: word for word in _words("prepositions")} | _LISTS["preposition"]
_VERBLESS = _words("verbless")
_WHERE = _words("where")
_VERBS = _words("verbs")
_DOUBLED = _words("doubled")
_PASSIVES = _words("passives")
_LIGHT = _words("light")
_POSTURES = _words("postures")
_NOUNS = _words("nouns")


def _participle(verb: str) -> str:
    if verb in ("lie", "tie"):
        return verb[:-2] + "ying"
    if verb.endswith("e") and not verb.endswith(("ee", "oe", "ye")):
        return verb[:-1] + "ing"
    return verb + (verb[-1] if verb in _DOUBLED else "") + "ing"


def _third(verb: str) -> str:
    if verb == "have":
        return "has"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return verb[:-1] + "ies"
    return verb + ("es" if verb.endswith(("s", "x", "ch", "sh", "o")) else "s")


def _past(verb: str) -> str:
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return verb[:-1] + "ied"
    doubled = verb[-1] if verb in _DOUBLED else ""
    return verb + ("d" if verb.endswith("e") else doubled + "ed")


_THIRD = {_third(verb): _participle(verb) for verb in _VERBS}
_BASE = {verb: _participle(verb) for verb in _VERBS}
_PAST = {_past(verb): _participle(verb) for verb in _VERBS} | _LISTS["past"]

_SILENT = _PRONOUNS | _words("vague") | _words("body")
_WEARERS = PEOPLE | ANIMALS
_OPENERS = _DETERMINERS | (_ADJECTIVES - _COLORS)
_PASSED = _AUXILIARIES | _ADVERBS
_STOPS = _IDLE | _CONJUNCTIONS | _RELATIVES | _AUXILIARIES | _PRONOUNS | {"and", "about-to"}
_GENERAL = (
    {"animal": ANIMALS}
    | {wide: frozenset(narrow.split()) for wide, narrow in _LISTS["general"].items()}
    | dict.fromkeys(_words("clothing"), CLOTHES)
)
_ALIKE = [frozenset(words.split()) for words in _LISTS["alike"]]

# -- the rule ----------------------------------------------------------------------------------

_PHRASES = re.compile(
    r"\b(" + "|".join(sorted(map(re.escape, _MULTIWORD), key=len, reverse=True)) + r")\b"
)
_TOKEN = re.compile(r"[a-z]+(?:['-][a-z]+)*|[,;:.()]")


@dataclass(frozen=True, slots=True)
class _Noun:
    word: str
    plural: bool


@dataclass(slots=True)
class _Reader:
    """Where in a caption the rule stands."""

    tokens: list[str]
    at: int = 0

    @property
    def token(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    @property
    def following(self) -> str:
        return self.tokens[self.at + 1] if self.at + 1 < len(self.tokens) else ""

    def skip(self, words: frozenset[str]) -> bool:
        """Pass over words of a list, and over adverbs in -ly; say whether there was one."""
        start = self.at
        while self.token and (self.token in words or _is_ly(self.token)):
            self.at += 1
        return self.at > start


def triples(caption: str) -> list[Triple]:
    """Return the triples of a caption, each once, in its order.

    Examples
    --------
    >>> [" | ".join(one) for one in triples("A lady in a red hat walks two dogs on the beach .")]
    ['woman | wearing | hat', 'woman | walking | dog']
    >>> [" | ".join(one) for one in triples("Two dogs jump over a log in the snow .")]
    ['dog | jumping over | log', 'dog | jumping in | snow']
    """
    text = caption.lower().replace(" 's", "'s")
    text = _PHRASES.sub(lambda found: _MULTIWORD[found[1]], text)
    return list(dict.fromkeys(_clauses(_Reader(_TOKEN.findall(text)))))


def _clauses(reader: _Reader) -> Iterator[Triple]:
    while reader.token:
        start = reader.at
        subjects = _subjects(reader)
        if subjects:
            yield from _Clause(reader, subjects).triples()
        elif _is_verb(reader):
            _abandon(reader, ",")  # nobody is said to do it
        if reader.at == start:
            reader.at += 1


def _subjects(reader: _Reader) -> list[_Noun]:
    found: list[_Noun] = []
    while True:
        noun = _phrase(reader, subject=True, several=bool(found))
        if noun is None:
            return found
        found.append(noun)
        if reader.token != "and":
            return found
        after = reader.at
        reader.at += 1
        # `and` may join what is done as well: only a noun phrase joins subjects.
        if reader.token not in _DETERMINERS and _is_verb(reader, several=True):
            reader.at = after
            return found


@dataclass(slots=True)
class _Clause:
    """What follows a subject, read group by group."""

    reader: _Reader
    owners: list[_Noun]
    verb: str = ""  # that a preposition may still belong to
    worn: bool = False  # whether the last object is worn, so that `and` may add to it
    last: _Noun | None = None  # the last object
    close: bool = False  # whether it stands just before
    ended: bool = False

    def triples(self) -> Iterator[Triple]:
        while self.reader.token and not self.ended:
            token = self.reader.token
            if token in (",", "and"):
                yield from self._joined()
            elif token in _RELATIVES:
                self.reader.at += 1
                self.owners = self.owners if self.last is None else [self.last]
                self.verb, self.worn, self.last, self.close = "", False, None, False
            elif token in _CONJUNCTIONS:
                self.reader.at += 1
                self.ended = not _is_participle(self.reader.token)
                self.verb, self.close = "", False
            elif not token[0].isalpha():
                self.ended = True
            else:
                yield from self._group()

    @property
    def _several(self) -> bool:
        return len(self.owners) > 1 or self.owners[0].plural

    def _joined(self) -> Iterator[Triple]:
        """After a comma or `and`: something more that is worn, or another verb."""
        self.reader.at += 1
        before = self.reader.at
        if self.worn:
            more = _phrase(self.reader, subject=False, several=self._several)
            if more is not None and more.word in CLOTHES:
                for owner in self.owners:
                    yield from _made(owner, "wearing", more)
                return
            self.reader.at = before
        self.ended = not _is_verb(self.reader, self._several)
        self.close = False

    def _group(self) -> Iterator[Triple]:
        reader, before = self.reader, self.reader.at
        doing, mine = self._doing()
        where = _prepositions(reader)
        if where is None or reader.token == "about-to":
            _abandon(reader)
            self.ended = True
            return
        noun = _phrase(reader, subject=False, several=self._several)
        if noun is None:
            self.ended = reader.at == before
            if doing:
                self.verb, self.close = "" if where else doing, False
            self.worn = False
            return
        if not doing and not where:
            reader.at = before  # a noun phrase by itself: a new subject
            self.ended = True
            return
        relation = ""
        if doing:
            relation = " ".join([doing, *where])
            self.verb = doing if where and mine is self.owners else ""
        elif self.last is None and " ".join(where) in _VERBLESS:
            relation = " ".join(where)
        elif self.verb:
            relation = " ".join([self.verb, *where])
        found = [one for owner in mine for one in _made(owner, relation, noun)]
        self.worn = any(one.relation == "wearing" for one in found)
        self.last, self.close = noun, True
        yield from found

    def _doing(self) -> tuple[str, list[_Noun]]:
        """Take the verb of a group; return it and those who do it."""
        reader = self.reader
        reader.skip(_PASSED)
        is_participle = _is_participle(reader.token)
        doing = _verb(reader, several=self._several, after=self.last is not None)
        if not doing:
            return "", self.owners
        mine = self.owners
        reader.skip(_ADVERBS)
        if self.last is not None and doing in _PASSIVES:
            mine = [self.last]
        elif self.last is not None and self.close and is_participle and self.last.word in _WEARERS:
            mine = self.owners = [self.last]
        if doing in _POSTURES and _is_participle(reader.token):
            doing = _verb(reader, several=False, after=False) or doing
            reader.skip(_ADVERBS)
        return doing, mine


def _made(owner: _Noun, relation: str, noun: _Noun) -> Iterator[Triple]:
    somebody = owner.word in _WEARERS
    if relation in ("in", "dressed in", "with", "clad in") and noun.word in CLOTHES and somebody:
        relation = "wearing"
    silent = owner.word in _SILENT | CLOTHES or noun.word in _SILENT
    if relation and relation not in _LIGHT and not silent and owner.word != noun.word:
        yield Triple(owner.word, relation.replace("-", " "), noun.word)


def _abandon(reader: _Reader, *ends: str) -> None:
    while reader.token and reader.token not in (".", ";", *ends):
        reader.at += 1


def _prepositions(reader: _Reader) -> list[str] | None:
    """Return prepositions in a row; None where `to` is followed by what might be done."""
    found: list[str] = []
    while reader.token in _PREPOSITIONS:
        if reader.token == "to" and reader.following in _BASE:
            return None
        found.append(_PREPOSITIONS[reader.token])
        reader.at += 1
        reader.skip(_ADVERBS)
    if reader.token in _IDLE:
        return None
    return found


def _is_verb(reader: _Reader, several: bool = False) -> bool:
    start = reader.at
    reader.skip(_PASSED)
    found = bool(_verb(reader, several=several, after=False))
    reader.at = start
    return found


def _verb(reader: _Reader, *, several: bool, after: bool) -> str:
    """Take a verb and return its participle.

    `several` says whether more than one may do it, `after` whether an object stands before it.
    """
    token = reader.token
    found = ""
    if _is_participle(token):
        found = token
    elif _is_passive(token, reader.following):
        by = reader.following == "by" or token in _PASSIVES
        found = token if by else _PAST.get(token, token)
    elif token in _THIRD and not (after and _singular(token) in _NOUNS):
        found = _THIRD[token]
    elif token in _PAST and not after:
        found = _PAST[token]
    elif token in _BASE and several and not (after and token in _NOUNS):
        found = _BASE[token]
    if found:
        reader.at += 1
    return "lying" if found == "laying" else found


def _is_passive(token: str, following: str) -> bool:
    past = token in _PASSIVES or token in _PAST
    past = past or (token.endswith("ed") and token not in _NO_PAST)
    return past and following in _PREPOSITIONS


def _phrase(reader: _Reader, *, subject: bool, several: bool = False) -> _Noun | None:
    """Take a noun phrase and return its noun, None where there is none."""
    head, plural = "", False
    while reader.token:
        token = reader.token
        if token in _DETERMINERS:
            if head:
                break
            plural = plural or token in _PLURAL_MARKS
        elif token.endswith(("'s", "s'")):
            head = ""
        elif _joins_adjectives(reader, head):
            pass
        elif _ends(reader, head, plural or several, subject):
            break
        elif token not in _ADJECTIVES and not (not head and _is_modifier(token)):
            head = token
        elif head:
            break  # an adjective after its noun
        reader.at += 1
    if not head:
        return None
    if reader.token == "of":
        reader.at += 1
        whole = _phrase(reader, subject=subject, several=several)
        if whole is not None and _singular(head) in _PARTS:
            return whole
    one = _singular(head)
    many = plural or one != head or head == "people"
    one = _SAME.get(one, one)
    return _Noun("dog" if one in _BREEDS else one, many)


def _joins_adjectives(reader: _Reader, head: str) -> bool:
    """Whether this is the `and` of a black and white dog."""
    before = reader.tokens[reader.at - 1] if reader.at else ""
    both = before in _ADJECTIVES and reader.following in _ADJECTIVES
    return reader.token in ("and", ",") and not head and both


def _is_modifier(token: str) -> bool:
    """Whether a participle that stands before any noun belongs to the noun to come."""
    return _is_participle(token) or (token.endswith("ed") and token not in _NO_PAST)


def _ends(reader: _Reader, head: str, several: bool, subject: bool) -> bool:
    """Whether a noun phrase, of which `head` is the noun so far, ends before this word."""
    token, before = reader.token, reader.tokens[reader.at - 1] if reader.at else ""
    if not token[0].isalpha() or token in _STOPS or token in _PREPOSITIONS:
        return True
    if head:
        return _ends_after_noun(reader, head, several, subject)
    if token in _THIRD and before in _COLORS:
        return _singular(token) not in _NOUNS  # `a skier wearing red flies`
    # A participle behind an article or a verb is part of a name.
    opened = before in _OPENERS or _is_participle(before)
    return _is_participle(token) and token not in _COMPOUNDS and not opened


def _ends_after_noun(reader: _Reader, head: str, several: bool, subject: bool) -> bool:
    token = reader.token
    if _is_participle(token) or _is_passive(token, reader.following):
        return True
    if token in _ADVERBS or _is_ly(token):
        return True
    if token in _THIRD or token in _PAST:
        return (subject and not several) or _singular(token) not in _NOUNS
    many = several or _singular(head) != head or head == "people"
    return token in _BASE and many and (subject or token not in _NOUNS)


def _is_participle(token: str) -> bool:
    return token.endswith("ing") and len(token) > 4 and token not in _NO_PARTICIPLES


def _is_ly(token: str) -> bool:
    return token.endswith("ly") and token not in _NO_ADVERBS


def _singular(word: str) -> str:
    if word in _SINGULAR:
        return _SINGULAR[word]
    if word in _UNCHANGED or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "xes", "sses", "zes")):
        return word[:-2]
    return word[:-1]


# -- what may be asked -------------------------------------------------------------------------


def differ(field: int, value: str, target: str) -> bool:
    """Whether a change of one word shows: no two names of one thing, no two ways to say it.

    Parameters
    ----------
    field : int
        Place in `FIELDS`.
    value, target : str
        Two different words.

    Examples
    --------
    >>> differ(0, "man", "woman"), differ(0, "man", "skateboarder"), differ(0, "man", "dog")
    (True, False, True)
    >>> differ(1, "running in", "running through"), differ(1, "running in", "lying in")
    (False, True)
    """
    if field == FIELDS.index("relation"):
        (verb, where), (other, there) = map(_split, (value, target))
        if verb == other or not verb or not other:
            # Where something is, without what it does: it may do anything there.
            return verb == other and where != there and not {where, there} <= _WHERE | {""}
        return not _are_alike(verb, other)
    if {value, target} <= PEOPLE:
        return {value, target} <= _DISTINCT
    return not _are_alike(value, target)


def _are_alike(one: str, other: str) -> bool:
    wider = other in _GENERAL.get(one, ()) or one in _GENERAL.get(other, ())
    return wider or any({one, other} <= words for words in _ALIKE)


def _split(relation: str) -> tuple[str, str]:
    first, _, rest = relation.partition(" ")
    if first in _PREPOSITIONS or relation.replace(" ", "-") in _PREPOSITIONS:
        return "", relation.replace(" ", "-")
    return first, rest.replace(" ", "-")


def describe(triple: Triple) -> str:
    """Return a triple as a caption.

    Examples
    --------
    >>> describe(Triple("dog", "jumping over", "fence")), describe(Triple("people", "on", "ice"))
    ('A dog jumping over a fence.', 'People on ice.')
    """
    text = f"{_with_article(triple.subject)} {triple.relation} {_with_article(triple.object)}."
    return text[0].upper() + text[1:]


def _with_article(noun: str) -> str:
    if noun in _MASS:
        return noun
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
