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
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple


class Triple(NamedTuple):
    """Subject, relation and object."""

    subject: str
    relation: str
    object: str


FIELDS = ("subject", "relation", "object")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# -- lists -------------------------------------------------------------------------------------

_DETERMINERS = _words(
    "a an the this these those his her its their my your our some another each every any all both "
    "several many few no one two three four five six seven eight nine ten other different various "
    "numerous multiple"
)
_PLURAL_MARKS = _words(
    "two three four five six seven eight nine ten several many few both these those numerous "
    "multiple various"
)
_ADJECTIVES = _words(
    "white black red blue brown green yellow orange pink purple gray grey tan beige gold golden "
    "silver maroon turquoise teal blond blonde brunette dark light bright colorful colored "
    "multicolored multi-colored striped plaid checkered spotted patterned young little small large "
    "big long old older elderly tall short huge tiny giant wide narrow high low deep shallow steep "
    "young younger smaller larger smallest big bigger wet dry dirty clean muddy grassy snowy sandy "
    "rocky icy dusty rough smooth sunny cloudy rainy foggy wooden metal plastic concrete brick "
    "stone leather wool rubber glass paper cardboard inflatable furry fluffy hairy shaggy curly "
    "bald bearded shirtless naked barefoot lone single busy crowded empty full open closed close "
    "outdoor indoor public urban rural male "
    "female teenage adult middle-aged asian african american "
    "african-american indian german chinese japanese "
    "mexican oriental caucasian australian european "
    "happy sad funny cute pretty beautiful attractive handsome fat thin skinny chubby heavy slim "
    "hot cold warm fresh green-eyed native traditional professional military christmas halloween "
    "hooded sleeveless snow-covered tree-lined makeshift overcast upside same new fake real round "
    "square flat main front rear right left hind upper lower nearby very brightly lit dressed "
    "haired long-haired brown-haired red-haired dark-haired dark-skinned wooded paved fenced rusty "
    "fallen broken abandoned ornate elaborate fancy formal casual strange unusual interesting "
    "colourful swimming bathing shopping fishing skiing parking playing hiking dancing racing "
    "wedding martial identical matching similar opposing competing"
)
# Before a noun these are part of its name, not what it does.
_COMPOUNDS = _words(
    "swimming bathing shopping fishing skiing parking hiking racing wedding boxing skating bowling "
    "rafting diving riding climbing living dining jumping"
)
_NO_PARTICIPLES = _words(
    "building clothing ring string king railing swing spring something nothing anything everything "
    "wedding ceiling morning evening sling wing earring viking duckling awning crossing clearing "
    "painting drawing carving landing sibling frosting icing thing bling offspring during including"
)
_AUXILIARIES = _words("is are was were be been being am 's 're isn't aren't")
_ADVERBS = _words(
    "together high fast very away back forward backwards forwards alone outdoors "
    "indoors upside sideways just still also there here nearby hard low happily up-close aside "
    "apart barefoot shirtless ahead overhead underwater onstage closely midair mid-air downhill "
    "uphill upstairs downstairs not now then so too while-airborne airborne asleep head-first"
)
_CONJUNCTIONS = _words("while whilst as when because so if but or where then than since until")
_RELATIVES = _words("who which that")
_PRONOUNS = _words(
    "he she it they him them we us you i someone somebody something anything everything nothing "
    "himself herself itself themselves each-other what there others who whom"
)
_MULTIWORD = {
    "in front of": "in-front-of",
    "on top of": "on",
    "at the top of": "on",
    "in the middle of": "in",
    "in the middle": "",
    "in the background": "",
    "in the foreground": "",
    "in the distance": "",
    "in the back of": "in",
    "next to": "next-to",
    "close to": "near",
    "out of": "out-of",
    "on the side of": "beside",
    "at the edge of": "near",
    "on the edge of": "on",
    "in mid air": "in air",
    "in mid-air": "in air",
    "in midair": "in air",
    "in order to": "about-to",
    "about to": "about-to",
    "getting ready to": "about-to",
    "gets ready to": "about-to",
    "ready to": "about-to",
    "preparing to": "about-to",
    "prepares to": "about-to",
    "trying to": "about-to",
    "tries to": "about-to",
    "try to": "about-to",
    "attempting to": "about-to",
    "attempts to": "about-to",
    "going to": "about-to",
    "waiting to": "about-to",
    "each other": "each-other",
    "one another": "each-other",
    "ice cream": "ice-cream",
    "hot dog": "hot-dog",
    "t shirt": "shirt",
}
_PREPOSITIONS = {
    word: word
    for word in _words(
        "in on at over under through across along down up into onto off from with near by beside "
        "behind above below between against around toward past in-front-of next-to out-of out to"
    )
} | {
    "towards": "toward",
    "inside": "in",
    "within": "in",
    "atop": "on",
    "upon": "on",
    "beneath": "under",
    "underneath": "under",
    "alongside": "beside",
    "outside": "outside",
    "amongst": "among",
    "among": "among",
    "amid": "in",
    "aboard": "on",
}
# What they join says nothing of who is where.
_IDLE = _words("of for during like about after before without until via per except including")

# A part or an amount of what comes after `of`.
_PARTS = _words(
    "group crowd pair couple bunch pack team number lot herd flock piece pile set series variety "
    "type kind edge side top bottom middle front "
    "back end base bank bed body patch stack collection "
    "row line field expanse stretch range array sort assortment cup bottle glass bowl plate bag "
    "can can bucket part"
)
_VAGUE = _words(
    "front side top bottom middle edge end background foreground distance camera day time way area "
    "kind lot bit number line row scene picture photo photograph view other one thing place part "
    "piece variety direction position base left right night sun light trick pose style action "
    "motion speed height shot look fun run use back center centre corner sort stunt move "
    "competition event activity level angle turn others half each-other close rest "
    "background afternoon evening morning life work order addition contrast attempt game "
    "match last first closeup image seen shown bound "
    "group none conversation race training school wedding party"
)
_SAME = {
    "lady": "woman",
    "female": "woman",
    "guy": "man",
    "gentleman": "man",
    "male": "man",
    "fellow": "man",
    "kid": "child",
    "toddler": "child",
    "infant": "baby",
    "bicycle": "bike",
    "motorbike": "motorcycle",
    "t-shirt": "shirt",
    "tshirt": "shirt",
    "tee-shirt": "shirt",
    "cellphone": "phone",
    "telephone": "phone",
    "puppy": "dog",
    "doggy": "dog",
    "sweatshirt": "sweater",
    "hoodie": "sweater",
    "sea": "ocean",
    "woods": "forest",
    "sofa": "couch",
    "bicyclist": "cyclist",
    "biker": "cyclist",
    "automobile": "car",
    "trousers": "pants",
    "eyeglasses": "glasses",
    "stairway": "stairs",
    "staircase": "stairs",
    "stone": "rock",
    "boulder": "rock",
    "pavement": "sidewalk",
    "roadway": "road",
    "ledge": "ledge",
}
_SINGULAR = {
    "men": "man",
    "women": "woman",
    "children": "child",
    "people": "people",
    "feet": "foot",
    "teeth": "tooth",
    "geese": "goose",
    "mice": "mouse",
    "sheep": "sheep",
    "deer": "deer",
    "fish": "fish",
    "wolves": "wolf",
    "leaves": "leaf",
    "knives": "knife",
    "scarves": "scarf",
    "calves": "calf",
    "shelves": "shelf",
    "skis": "ski",
    "buses": "bus",
    "canoes": "canoe",
    "shoes": "shoe",
    "horses": "horse",
    "houses": "house",
    "cookies": "cookie",
    "movies": "movie",
    "policemen": "policeman",
    "cowboys": "cowboy",
}
_UNCHANGED = _words(
    "shorts pants jeans sunglasses glasses clothes trunks stairs goggles headphones tights "
    "tennis christmas bus gymnastics lens cactus octopus rapids woods canvas karaoke campus bus "
    "chess gas trousers pajamas overalls leggings binoculars sports bleachers ropes"
)
CLOTHES = _words(
    "shirt shorts pants jeans dress jacket coat hat cap sweater suit uniform swimsuit bikini "
    "costume outfit clothes clothing skirt vest jersey wetsuit trunks tie scarf gear helmet "
    "sunglasses glasses goggles boot shoe glove top robe gown attire bandanna mask headband hoodie "
    "sari kimono kilt apron blouse tights overalls tuxedo underwear wig collar muzzle harness"
)
PEOPLE = _words(
    "man woman boy girl child baby person people adult teenager teen player skateboarder "
    "snowboarder surfer skier climber cyclist runner rider wrestler hiker swimmer kayaker dancer "
    "musician bride groom cowboy couple family crowd "
    "team band performer worker racer skater golfer "
    "pitcher batter catcher referee fan spectator soldier policeman officer guitarist singer "
    "fisherman boxer gymnast cheerleader student tourist pedestrian bystander friend mother father "
    "mom dad parent sister brother son daughter owner driver member lifeguard clown artist chef "
    "firefighter biker jogger acrobat athlete diver marcher vendor customer kid group"
)
# Of two people only these cannot be one and the same.
_DISTINCT = _words("man woman boy girl baby")
ANIMALS = _words(
    "dog cat horse bird cow sheep animal goat bull duck goose swan pigeon seagull elephant bear "
    "monkey lion tiger zebra giraffe fish camel pig chicken rabbit squirrel deer wolf poodle "
    "greyhound terrier retriever collie dalmatian bulldog beagle labrador shepherd"
)
# Dogs are dogs, whatever the breed.
_BREEDS = _words(
    "poodle greyhound terrier retriever collie dalmatian bulldog beagle labrador shepherd lab "
    "husky dachshund corgi chihuahua rottweiler doberman spaniel schnauzer pug boxer-dog"
)
_MASS = _words(
    "grass water snow sand air ice dirt mud food grass traffic equipment clothing gear hay "
    "shorts pants jeans sunglasses glasses clothes trunks stairs goggles headphones tights people "
    "rapids forest-floor graffiti beer coffee attire smoke fire jewelry makeup camouflage sunlight "
    "binoculars overalls pajamas rain wood leash-free underwear ice-cream music tennis basketball "
    "football soccer baseball volleyball hockey golf rugby lacrosse cricket frisbee-golf"
)

_VERBS = _words(
    "run sit stand jump walk play ride hold wear look smile carry climb swim pose eat talk watch "
    "dance take lay lie fly drink chase perform hang slide go wait get splash make read overlook "
    "laugh race skate come throw fight leap swing skateboard smoke bite surf fall pull ski shake "
    "dive lean use wave wade drive catch chew have sleep paddle wrestle stare shoot push kick "
    "stick roll dig cross blow face float kiss snowboard reach point rest put march show cover "
    "lick crash kayak move sing pass grind hike sniff row enjoy hit jog lead touch raft help "
    "compete tackle bounce cast leave balance pour spin crawl practice rollerblade speak follow "
    "feed fetch kneel spray write toss bark land crouch descend hide raise bike pick shovel box "
    "gather open bend clap drag break hug pitch surround dangle clean turn camp retrieve travel "
    "lift cook pet grab work fire flap celebrate board cut examine relax cycle soak stretch "
    "dribble juggle teach hand herd bowl serve gaze peer sled trot gallop hop skip tumble stroll "
    "approach bathe brush build buy carve cheer clutch collect drop embrace emerge exit enter "
    "flip gesture glide grasp guide hurdle inspect kneel launch listen meet navigate nuzzle "
    "observe paint park peek perch photograph play-fight plunge pose pounce press prepare pretend "
    "rappel rope rub rush sail scale scream screech search sell share shout sip skim slice snuggle "
    "sprint squat squint step strike study sunbathe sweep swat tag taste tickle tie tow trek tug "
    "twirl wash water wheel whisper wrap yawn yell bat guard scratch chat nap bow hurl rock mount "
    "attack block score sew weld knit straddle shop tap "
    "dunk swallow shower pedal maneuver ascend appear roam wander tend"
)
_DOUBLED = _words(
    "run sit swim hit get put cut jog dig hug hop skip clap flip drag pet spin slip grab wrap step "
    "chat bat tug shop stop rub tap nap sip sled trot squat tag skim"
)
# Nouns, where they stand after a noun: ocean waves, a playground slide.
_NOUNS = _words(
    "wave swing slide step leaf leave face drink trick "
    "point box hand board pet bike boat rope rock "
    "park ski skate wheel water row paint sled bat fire raft tag land camp cut kayak skateboard "
    "snowboard hurdle bowl tie shower float sail cover stick brush guard block scale pedal cross "
    "pick cook fall drive kick match shop sign mount study store"
)
# Of one who stands alone these are nouns too: a ski jump, a concession stand.
_ALSO_NOUNS = _NOUNS | _words(
    "ride jump play walk run race stand dance climb "
    "watch look hold catch show dive fight work help "
    "rest roll drop pitch pass cast splash toss move reach practice"
)
_PASSIVES = _words(
    "dressed covered surrounded filled lined attached parked seated gathered tied wrapped buried "
    "decorated suspended held pulled pushed chased tackled carried led followed ridden pursued "
    "soaked crouched perched clad stuck hidden stranded bundled photographed lifted thrown seen "
    "shown made taken built drawn"
)
# These say too little alone.
_LIGHT = _words(
    "being doing getting taking making having going trying starting setting giving showing looking "
    "using putting becoming standing sitting seen shown made taken appearing"
)
# After these a second verb says what is done: `sits reading a book`.
_POSTURES = _words("sitting standing lying kneeling walking running going coming crouching seated")
_VERBLESS = _words(
    "in on at near by beside behind next-to in-front-of under over between against around with "
    "through among above outside inside across down up along"
)
_BODY = _words(
    "mouth hand face head arm leg foot hair lap "
    "back shoulder neck nose ear eye finger tongue tooth "
    "body chest knee tail paw stomach belly hip waist fist thumb beard mustache fur skin muscle jaw"
)
_COLORS = _words(
    "white black red blue brown green yellow orange pink purple gray grey tan beige gold"
)
# What a person does in one of these places hardly differs to the eye from one to the next.
_WHERE = _words("in on at through across along down up around near by beside next-to toward to")


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
_PAST = {_past(verb): _participle(verb) for verb in _VERBS} | {
    "ran": "running",
    "sat": "sitting",
    "stood": "standing",
    "held": "holding",
    "rode": "riding",
}

_SILENT = _VAGUE | _PRONOUNS | _BODY
_WEARERS = PEOPLE | ANIMALS
_OPENERS = _DETERMINERS | (_ADJECTIVES - _COLORS)
_PASSED = _AUXILIARIES | _ADVERBS
_STOPS = _IDLE | _CONJUNCTIONS | _RELATIVES | _AUXILIARIES | _PRONOUNS | {"and", "about-to"}
# One of these may be any of those.
_GENERAL = {
    "animal": ANIMALS,
    "water": _words("ocean lake pool river stream pond puddle creek wave"),
    "toy": _words("ball frisbee stick bone"),
    "object": _words("ball frisbee stick bone toy"),
} | dict.fromkeys(_words("clothes clothing outfit gear attire costume uniform"), CLOTHES)
# Words that one photograph can be told with as well as with the other.
_ALIKE = [
    _words(one)
    for one in (
        "beach shore coast",
        "beach sand",
        "jacket coat sweater",
        "hat cap",
        "glasses sunglasses goggles",
        "pants jeans",
        "shorts trunks",
        "swimsuit bikini trunks wetsuit",
        "street road",
        "path trail",
        "ground floor dirt",
        "grass lawn field yard",
        "hill mountain cliff",
        "bar rail railing pole",
        "holding carrying",
        "running jogging",
        "jumping leaping",
        "climbing scaling",
    )
]
_NO_PAST = _words("bed sled shed seaweed red colored feed speed breed weed steed")

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
    return token.endswith("ly") and token not in ("family", "fly", "belly", "bully", "jelly")


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
