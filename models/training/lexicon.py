"""Words, names and values for the generated examples, split so that train and test share none.

A word belongs to the test side when the first byte of its SHA-256 is below 52 (one in five).
Names are made of syllables, so there are millions of them; the split is by the finished word.
Training also draws words that are put together from any of the tokenizer's pieces: a piece that
is never an answer's token in training can not be copied, whatever the model has learnt.
"""
import hashlib
import json
import os
import re

TRAIN, TEST = "train", "test"


def side(word):
    """The side that a word belongs to; letter case does not matter."""
    return TEST if hashlib.sha256(word.lower().encode()).digest()[0] < 52 else TRAIN


def of_side(words, wanted):
    return [w for w in words.split() if side(w) == wanted]


ONSETS = "b c d f g h j k l m n p r s t v w z br ch cl dr fr gl gr kr pl pr sh sk st th tr".split()
VOWELS = "a e i o u a e i o ai ea ie oa ou".split()
CODAS = ["", "", "", "n", "r", "l", "s", "t", "m", "k", "nd", "rt", "sh", "x", "v", "d"]

COMMON = """apple river stone table window garden bread cheese bottle paper pencil hammer ladder
basket candle mirror carpet pillow blanket kettle spoon knife plate bucket broom ribbon button
jacket shirt sock boot glove scarf hat coat belt ring tent rope map lamp clock bell drum flute
violin piano guitar horse sheep goat rabbit tiger eagle falcon parrot salmon turtle spider lemon
orange banana cherry grape melon peach plum onion carrot potato tomato pepper garlic ginger honey
sugar butter cotton silver copper iron marble amber coral pearl forest desert valley island harbor
bridge tower castle village market station airport museum library school office factory kitchen
cellar attic balcony ceiling door floor wall roof fence gate road street square park lake ocean
storm cloud thunder rain snow frost shadow summer winter spring autumn morning evening night
doctor teacher farmer baker sailor pilot painter writer singer dancer hunter miner guard judge
king queen prince captain soldier student child mother father sister brother uncle cousin friend
engine wheel brake pedal saddle anchor sail paddle rocket planet comet moon star sun sky wind
red green blue yellow purple black white brown gray small large heavy light quick slow bright
warm cold fresh sweet bitter sour soft hard smooth rough quiet loud early late young old""".split()

# Things that a tool can act on. Compounds are made of a modifier and one of these.
OBJECTS = """weather flight hotel meeting invoice order ticket message email photo song playlist
video recipe route taxi train parcel package table reminder alarm calendar event contact account
password profile report chart document folder file backup server database website domain coupon
discount refund payment loan budget expense receipt contract license exam course lesson quiz
homework grade book magazine article poem story headline podcast movie show game match score team
player tournament gym workout diet meal grocery basket shelf warehouse shipment truck ferry visa
passport insurance claim appointment prescription vaccine doctor nurse clinic room desk printer
camera thermostat heater lamp curtain door garage oven fridge washer vacuum garden lawn fence pool
stock bond currency wallet coin auction bid survey vote petition comment review rating badge
survey sensor robot drone rocket satellite telescope map trail park beach museum gallery concert
theater festival wedding party gift card flower cake""".split()
MODIFIERS = """daily weekly monthly team family client office shared private public old new first
last main local global draft final urgent test summer winter night morning school travel sales
customer guest""".split()

VERBS = {
    "get": "get|show me|fetch|look up|find|tell me|give me|what is",
    "create": "create|make|add|set up|prepare",
    "delete": "delete|remove|drop|get rid of|erase",
    "cancel": "cancel|call off",
    "send": "send|deliver|mail",
    "book": "book|reserve",
    "update": "update|change|modify|edit",
    "check": "check|verify|inspect",
    "open": "open",
    "close": "close|shut",
    "start": "start|begin|launch|run",
    "stop": "stop|halt|end",
    "order": "order|buy|purchase",
    "print": "print",
    "share": "share",
    "rate": "rate|score",
    "schedule": "schedule|plan|arrange",
    "count": "count|how many are in",
    "export": "export|save|download",
    "import": "import|load|upload",
    "translate": "translate",
    "lock": "lock|secure",
    "rename": "rename",
    "copy": "copy|duplicate|clone",
}

MONTHS = """January February March April May June July August September October November
December""".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]


def pieces():
    """The tokenizer's lower-case pieces; none before there is a tokenizer."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tokenizer/merges.json")
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as f:
        return sorted({a + b for a, b in json.load(f)["merges"] if re.fullmatch("[a-z]+", a + b)})


PIECES = pieces()


class Lexicon:
    """Draws words of one side. Not thread safe: it holds the generator `r`."""

    def __init__(self, r, wanted):
        self.r, self.wanted = r, wanted
        self.common = [w for w in COMMON if side(w) == wanted]
        self.objects = [w for w in OBJECTS if side(w) == wanted]

    def made(self, low=2, high=3):
        """A made-up lower-case word of this side."""
        r = self.r
        while True:
            w = "".join(r.choice(ONSETS) + r.choice(VOWELS) for _ in range(r.randint(low, high)))
            w += r.choice(CODAS)
            if 3 <= len(w) <= 10 and side(w) == self.wanted:
                return w

    def mixed(self, share):
        """Whether to draw a word of pieces: on the training side `share` of the time."""
        return self.wanted == TRAIN and PIECES and self.r.random() < share

    def pieced(self):
        """A word put together from one to three pieces of the tokenizer."""
        r = self.r
        while True:
            w = "".join(r.choice(PIECES) for _ in range(r.choice([1, 2, 2, 3])))
            if 3 <= len(w) <= 11 and side(w) == self.wanted:
                return w

    def word(self):
        """A common word, or now and then a made-up one."""
        if self.mixed(0.4):
            return self.pieced()
        return self.r.choice(self.common) if self.r.random() < 0.6 else self.made(1, 2)

    def name(self):
        return (self.pieced() if self.mixed(0.2) else self.made(1, 3)).capitalize()

    def person(self):
        return self.name() + (" " + self.name() if self.r.random() < 0.5 else "")

    def city(self):
        return self.name() + (" " + self.name() if self.r.random() < 0.2 else "")

    def code(self):
        """An identifier such as KX-4821; the split is over the whole of it."""
        r = self.r
        while True:
            letters = "".join(r.choice("ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(r.randint(1, 3)))
            digits = "".join(r.choice("0123456789") for _ in range(r.randint(2, 5)))
            w = letters + r.choice(["-", "", "-"]) + digits
            if side(w) == self.wanted:
                return w

    def number(self, low, high):
        """A number of this side: those of three digits and more are split too."""
        while True:
            n = self.r.randint(low, high)
            if n < 100 or side(str(n)) == self.wanted:
                return n

    def object(self):
        """A thing that a tool acts on, of one or two words."""
        if self.mixed(0.25):
            return self.pieced()
        r = self.r.random()
        if r < 0.2:
            return self.made(2, 2)
        thing = self.r.choice(self.objects)
        if r < 0.45:
            return self.r.choice(MODIFIERS) + " " + thing
        return thing

    def iso_date(self):
        r = self.r
        while True:
            month = r.randint(1, 12)
            w = f"{r.randint(2020, 2032)}-{month:02d}-{r.randint(1, MONTH_DAYS[month - 1]):02d}"
            if side(w) == self.wanted:
                return w
