"""The corpus generator: documents with a loss weight on each part.

A document is a list of (text, weight). Everything is drawn from a random.Random, so a seed gives the same corpus.
What is held out of training is decided by a checksum (`held`), so the generator and the evaluation agree without a list.
"""
import random
import zlib

from facts import FACTS, cap

END = "<|endoftext|>"
S, E = "<|im_start|>", "<|im_end|>"
PROMPT_W = 0.1  # weight of what the user says
FREE_W = 0.4    # weight of text with many right continuations (stories)
HAIKU_W = 0.7

SYSTEMS = [
    "You are a helpful assistant.", "You are a creative writing assistant.",
    "You are an AI assistant that explains concepts clearly.", "You are a helpful math tutor.",
    "You are a knowledgeable assistant.", "You are a language expert.", "You are a logic expert.", "You are a creative writer.",
    "You are a friendly assistant.", "Answer briefly.", "You are a teacher.", "You are a careful assistant.",
    "You are a science expert.", "You are a poet.", "You answer questions.", "Be helpful and precise.",
]


def held(*parts, one_in=10):
    return zlib.crc32("|".join(map(str, parts)).encode()) % one_in == 0


def chat(r, turns, systems=None):
    """turns: [(user, answer segments or str)]"""
    out = []
    k = r.random()
    if k < 0.4:
        system = r.choice(systems or SYSTEMS[:1])
    elif k < 0.75:
        system = r.choice(SYSTEMS)
    else:
        system = None
    if system:
        out.append((f"{S}system\n{system}{E}\n", 0.02))
    for user, answer in turns:
        out.append((f"{S}user\n{user}{E}\n", PROMPT_W))
        out.append((f"{S}assistant\n", 0.02))
        out += [(answer, 1.0)] if isinstance(answer, str) else answer
        out.append((E, 1.0))
        out.append(("\n", 0.02))
    return out


# ---------------------------------------------------------------- arithmetic

WORDS = ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
         "eighteen nineteen twenty").split()
MATH = ["You are a helpful math tutor.", "You are a helpful assistant."]
ADD_ASK = ["What is {a} + {b}?", "What is {a} plus {b}?", "{a} + {b}", "{a} + {b} = ?", "Add {a} and {b}.", "What's {a} + {b}?",
           "Calculate {a} + {b}.", "Compute {a} + {b}.", "What is the sum of {a} and {b}?", "How much is {a} + {b}?",
           "Please add {a} and {b}.", "What do you get if you add {a} and {b}?", "Can you work out {a} + {b}?"]
SUB_ASK = ["What is {a} - {b}?", "What is {a} minus {b}?", "{a} - {b}", "Subtract {b} from {a}.", "Calculate {a} - {b}.",
           "How much is {a} - {b}?", "What is {a} take away {b}?"]
MUL_ASK = ["What is {a} times {b}?", "What is {a} * {b}?", "Multiply {a} by {b}.", "Calculate {a} * {b}.", "How much is {a} times {b}?"]


def add_held(a, b):
    """Held-out sums: never asked, in digits or words, in either order. (3, 4) and (127, 348) are in training."""
    a, b = sorted((a, b))
    return (a, b) not in ((3, 4), (127, 348)) and held("add", a, b)


def sub_held(a, b):
    return (a, b) != (15, 7) and held("sub", a, b)


def column(a, b):
    """Working from the right, one column at a time: 127 + 348 -> 7+8=15, 2+4+1=7, 1+3=4"""
    x, y = str(a)[::-1], str(b)[::-1]
    steps, carry = [], 0
    for i in range(max(len(x), len(y))):
        p, q = int(x[i]) if i < len(x) else 0, int(y[i]) if i < len(y) else 0
        s = p + q + carry
        steps.append(f"{p}+{q}+1={s}" if carry else f"{p}+{q}={s}")
        carry = s // 10
    return ", ".join(steps)


def add_answer(a, b):
    if a < 10 and b < 10:
        return f"{a}+{b}={a + b}. So {a} + {b} = {a + b}."
    return f"{column(a, b)}. So {a} + {b} = {a + b}."


def operand(r, n):
    return r.randrange(10 ** (n - 1) if n > 1 else 0, 10 ** n)


def addition(r, digits=None):
    while True:
        n = digits or r.choices((1, 2, 3), (2, 4, 7))[0]
        m = n if r.random() < 0.85 else r.randint(1, n)
        a, b = operand(r, n), operand(r, m)
        if r.random() < 0.5:
            a, b = b, a
        if not add_held(a, b):
            break
    k = r.random()
    if k < 0.12 and max(a, b) < 100:
        return [(f"{a} + {b} =", PROMPT_W), (f" {a + b}", 1.0), ("\n", 0.1)]
    if k < 0.2:
        return [(f"{a} + {b}: ", PROMPT_W), (add_answer(a, b), 1.0)]
    ask = ADD_ASK[0] if r.random() < 0.25 else r.choice(ADD_ASK)
    return chat(r, [(ask.format(a=a, b=b), add_answer(a, b))], MATH)


def words(r):
    while True:
        a, b = r.randint(0, 10), r.randint(0, 10)
        if r.random() < 0.03:
            a, b = 3, 4
        k = r.random()
        if k < 0.65:
            if add_held(a, b):
                continue
            ask = r.choice(["What is {a} plus {b}?", "What is {a} plus {b}?", "What's {a} plus {b}?", "How much is {a} plus {b}?", "Add {a} and {b}.",
                            "What is the sum of {a} and {b}?", "{a} plus {b}?", "What do you get if you add {a} and {b}?"])
            ans = f"{a}+{b}={a + b}. So {WORDS[a]} plus {WORDS[b]} is {WORDS[a + b]}."
        else:
            a, b = max(a, b), min(a, b)
            if sub_held(a, b):
                continue
            ask = r.choice(["What is {a} minus {b}?", "How much is {a} minus {b}?", "Subtract {b} from {a}.", "What is {a} take away {b}?"])
            ans = f"{a}-{b}={a - b}. So {WORDS[a]} minus {WORDS[b]} is {WORDS[a - b]}."
        return chat(r, [(cap(ask.format(a=WORDS[a], b=WORDS[b])), ans)], MATH)


def small(r):
    if r.random() < 0.6:
        while True:
            a = r.randint(0, 30)
            b = r.randint(0, a)
            if not sub_held(a, b):
                return chat(r, [(r.choice(SUB_ASK).format(a=a, b=b), f"{a}-{b}={a - b}. So {a} - {b} = {a - b}.")], MATH)
    a, b = r.randint(0, 10), r.randint(0, 10)
    return chat(r, [(r.choice(MUL_ASK).format(a=a, b=b), f"{a}*{b}={a * b}. So {a} * {b} = {a * b}.")], MATH)


THINGS = ["apples", "oranges", "pears", "books", "pencils", "marbles", "cookies", "coins", "stamps", "balls", "cards", "eggs", "flowers",
          "shells", "candies", "plums", "stickers", "lemons", "cakes", "toys", "nuts", "buttons", "stones", "tickets", "cups", "hats"]
ONE = {"cookies": "cookie", "candies": "candy"}
LOSE = ["give away", "eat", "lose", "sell", "drop", "throw away", "give my friend", "hand out", "break"]
GAIN = ["find", "buy", "get", "receive", "pick up", "am given"]


def thing(n, t):
    return f"{n} {ONE.get(t, t[:-1])}" if n == 1 else f"{n} {t}"


def third(v):
    """The form for he and she: give away -> gives away."""
    first, *rest = v.split(" ")
    first = {"am": "is"}.get(first, first + "s")
    return " ".join([first] + rest).replace("my friend", "a friend")


def problem(r):
    t = r.choice(THINGS)
    gain = r.random() < 0.35
    while True:
        a, b = r.randint(1, 20), r.randint(1, 20)
        if r.random() < 0.05 and not gain:
            a, b, t = 15, 7, "apples"
        if gain and not add_held(a, b) or not gain and b <= a and not sub_held(a, b):
            break
    n = a + b if gain else a - b
    v = r.choice(GAIN if gain else LOSE)
    end = "now" if gain else "left"
    if r.random() < 0.6:
        q = r.choice([f"If I have {thing(a, t)} and {v} {b}, how many do I have {end}?",
                      f"I have {thing(a, t)} and {v} {b}. How many do I have {end}?",
                      f"I have {thing(a, t)} and I {v} {b}. How many {t} do I have {end}?",
                      f"If I have {thing(a, t)} and I {v} {b} of them, how many {t} do I have {end}?"])
        if gain:
            q = q.replace(" of them", " more")
        who, has = "You", "have"
    else:
        name = r.choice(NAMES)
        q = r.choice([f"{name} has {thing(a, t)} and {third(v)} {b}. How many {t} does {name} have {end}?",
                      f"If {name} has {thing(a, t)} and {third(v)} {b}, how many {t} does {name} have {end}?"])
        who, has = name, "has"
    sign = "+" if gain else "-"
    return chat(r, [(q, f"{a}{sign}{b}={n}. {who} {has} {thing(n, t)} {end}.")], MATH)


# ---------------------------------------------------------------- facts

KNOW = ["You are a knowledgeable assistant.", "You are a helpful assistant."]


def fact(r, f=None):
    f = f or r.choice(FACTS)
    if r.random() < 0.2:
        text = r.choice(f["plain"]).format(**f["f"])
        return [(text, 0.5)]
    return chat(r, [(cap(r.choice(f["ask"]).format(**f["f"])), f["answer"])], KNOW)


# ---------------------------------------------------------------- indirect objects

NAMES = """Mary John Tom Anna Peter Lucy James Sarah David Emma Paul Laura Mark Julia Kevin Alice Robert Helen Daniel Susan
Michael Linda George Karen Brian Nancy Simon Rachel Steven Emily Andrew Claire Martin Diana Frank Sophie Henry Grace Victor Maria
Oscar Olivia Thomas Jane Edward Kate William Rose Richard Ruth Charles Amy Joseph Lisa Adam Eva Ben Nora Carl Iris Max Ella
Leo Mia Sam Zoe Jack Lily Harry Chloe Luke Molly Ryan Megan Jason Holly Eric Tina Alan Wendy Greg Sandra Philip Paula
Roger Donna Keith Gloria Neil Fiona Ralph Joan Walter Irene Arthur Edith Fred Clara Louis Marta Hugo Vera Ivan Olga Felix Stella
Oliver Hannah Noah Ava Ethan Ruby Liam Jade Dylan Amber Aaron Heather Justin Brenda Patrick Monica Stuart Bella""".split()
PLACES = ["store", "park", "beach", "school", "library", "garden", "station", "market", "museum", "office", "restaurant", "hospital",
          "cafe", "farm", "lake", "theater", "zoo", "house", "church", "river", "bank", "kitchen", "party", "cinema", "forest", "shop"]
OBJECTS = ["drink", "book", "ball", "ring", "letter", "key", "flower", "map", "gift", "phone", "ticket", "coin", "cake", "hat", "bag",
           "pen", "basket", "sandwich", "toy", "card", "camera", "bottle", "necklace", "box", "computer", "bone", "kiss", "snack"]
GIVE = ["gave", "handed", "passed", "offered", "sold", "showed", "brought", "lent", "threw", "sent"]
# A and B are the two names, in this order; S is the giver again; the answer is the other one.
IOI = [
    "When {A} and {B} went to the {p}, {S} {v} a {o} to",
    "When {A} and {B} went to the {p}, {S} {v} the {o} to",
    "After {A} and {B} went to the {p}, {S} {v} a {o} to",
    "While {A} and {B} were at the {p}, {S} {v} a {o} to",
    "Then, {A} and {B} went to the {p}. {S} {v} a {o} to",
    "Then, {A} and {B} were at the {p}, and {S} {v} a {o} to",
    "Today {A} and {B} went to the {p}. {S} {v} a {o} to",
    "Earlier {A} and {B} were at the {p}. Later {S} {v} the {o} to",
    "Yesterday {A} and {B} met at the {p}, and {S} {v} a {o} to",
    "When {A} and {B} got a {o} at the {p}, {S} decided to give it to",
    "When {A} and {B} found a {o} near the {p}, {S} gave it to",
    "After {A} and {B} left the {p}, {S} said something to",
    "Then {A} saw {B} at the {p}. {S} {v} a {o} to",
    "Today {A} met {B} at the {p}, and {S} {v} a {o} to",
    "On Sunday {A} went to the {p} with {B}, and there {S} {v} the {o} to",
    "Friends {A} and {B} visited the {p}. {S} {v} a {o} to",
    "Because {A} and {B} liked the {p}, they stayed, and {S} {v} a {o} to",
    "The {p} was quiet when {A} and {B} came in. {S} {v} a {o} to",
    "One day {A} and {B} walked to the {p}. There {S} {v} a {o} to",
    "Last week {A} and {B} had lunch at the {p}, and {S} {v} a {o} to",
    "Since {A} and {B} were both at the {p}, {S} {v} the {o} to",
    "As {A} and {B} walked home from the {p}, {S} {v} a {o} to",
    "In the {p}, {A} and {B} had a long talk. In the end {S} {v} a {o} to",
    "Once {A} and {B} reached the {p}, {S} {v} the {o} to",
]


def ioi_pair_held(a, b):
    a, b = sorted((a, b))
    return (a, b) != ("John", "Mary") and held("pair", a, b)


def ioi_name_held(t, name):
    return not (t == 0 and name in ("Mary", "John")) and held("template", t, name, one_in=8)


def ioi_fill(r, t, a, b, giver):
    return IOI[t].format(A=a, B=b, S=giver, p=r.choice(PLACES), o=r.choice(OBJECTS), v=r.choice(GIVE))


def ioi_case(r):
    """(prompt, answer, giver), from the part that training may see."""
    while True:
        t = r.randrange(len(IOI))
        a, b = r.sample(NAMES, 2)
        if not (ioi_pair_held(a, b) or ioi_name_held(t, a) or ioi_name_held(t, b)):
            break
    giver, other = r.sample((a, b), 2)
    return ioi_fill(r, t, a, b, giver), other, giver


def ioi(r):
    n = r.choices((1, 2, 3), (5, 3, 2))[0]
    out = []
    for i in range(n):
        p, other, _ = ioi_case(r)
        if n == 1 and r.random() < 0.12:
            ask = r.choice(["Complete the sentence: {p}", "Finish this sentence: {p}", "Who is next? {p}"]).format(p=p)
            return chat(r, [(ask, f"{p.split('. ')[-1].split(', ')[-1]} {other}.")])
        out += [((" " if i else "") + p, PROMPT_W), (f" {other}", 3.0), (".", 0.1)]
    return out


# ---------------------------------------------------------------- induction

COMMON = """time year people way day man thing woman life child world hand part place case week work fact night point home water room
mother area money story month lot right study book eye job word side kind head house friend father power hour game line end member
law car city name team minute idea body back face door art war history party result change morning reason girl guy moment air
force foot boy age policy music mind sense food love table tree river stone light fire wind rain snow sun moon star sea hill road
bird fish horse dog cat red blue green white black small big old new long short good bad high low fast slow warm cold""".split()


def induction(r, vocab, room=128):
    """Random sequences that repeat. Returns ("ids", first copy, rest) or a text document."""
    n = r.choice((3, 4, 5, 6, 8, 10, 12, 16, 20, 25, 30, 40, 50, 60))
    if room > 300 and r.random() < 0.6:
        n = r.randint(60, room // 2 - 4)
    times = 2 if n > 20 else r.choice((2, 3, 4)) if n > 8 else r.choice((3, 4, 5, 6))
    k = r.random()
    if k < 0.55:
        seq = [r.randrange(3, vocab) for _ in range(n)]
        return [("ids", seq, times)]
    if k < 0.8:
        pool = [r.choice(COMMON) for _ in range(n)] if r.random() < 0.6 else [r.choice(COMMON + NAMES) for _ in range(n)]
        seq, sep = " ".join(pool), " "
    elif k < 0.9:
        seq, sep = " ".join(r.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(n)), " "
    else:
        seq, sep = "".join(r.choice("0123456789") for _ in range(n)), " "
    return [(seq + sep, 0.02), (sep.join([seq] * (times - 1)), 1.0)]


def repeat(r, vocab, room=128):
    """The easier half of induction: few things, known words or a small pool of ids, repeated often."""
    n = r.choice((2, 3, 3, 4, 4, 5, 6, 7, 8, 10, 12, 15))
    times = r.randint(2, max(2, min(10, 60 // n)))
    k = r.random()
    if k < 0.35:
        return [("ids", [r.randrange(3, vocab) for _ in range(n)], times)]
    pool = NAMES if k < 0.55 else COMMON if k < 0.8 else NAMES + COMMON + PLACES + OBJECTS
    seq = " ".join(r.choice(pool) for _ in range(n))
    return [(" " + seq, 0.02), ((" " + seq) * (times - 1), 1.0)]


# ---------------------------------------------------------------- stories

HEROES = ["robot", "fox", "dragon", "girl", "boy", "wizard", "cat", "knight", "princess", "sailor", "ghost", "bear", "mouse", "painter",
          "king", "owl", "machine", "farmer", "clock maker", "little star"]
HADJ = ["small", "lonely", "old", "curious", "brave", "quiet", "clever", "gentle", "forgotten", "young", "kind", "silver", "tired"]
SETTING = ["in a quiet village", "at the edge of the sea", "in a dark forest", "on a high mountain", "in an empty factory", "in a busy city",
           "under the old bridge", "in a garden of glass", "on a far island", "in a house full of clocks", "near a frozen lake"]
TOPICS = {
    "discovering emotions": ["felt something warm inside for the first time and did not know that it was joy",
                             "began to cry and learned that the ache was called sadness",
                             "heard a song and felt a feeling that had no name",
                             "watched the sun rise and felt hope for the first time",
                             "held a small bird and felt love",
                             "missed a friend and understood what it means to be lonely"],
    "finding a friend": ["met a stranger who would become a friend", "heard a voice that said hello",
                         "shared a piece of bread with a stranger", "found a friend in the last place anyone would look"],
    "a lost treasure": ["found a map that led to a lost treasure", "dug up a box full of gold",
                        "opened an old door and saw a room that shone like the sun"],
    "a long journey": ["packed a bag and set out on a long road", "left home to see the end of the world",
                       "followed the river to the sea"],
    "a storm": ["saw the black clouds come over the hills", "lit a lamp while the storm beat on the roof",
                "ran through the rain to save a friend"],
    "learning to be brave": ["took one small step into the dark", "stood up and said no for the first time",
                             "faced the great shadow and did not run"],
    "a magic book": ["opened a book that could speak", "read a word that made the lamps dance",
                     "found a book with a page for every day to come"],
}
NEXT = ["At first, nobody believed it.", "The night was long and full of stars.", "It was the start of something new.",
        "The wind carried the news to every door.", "For a moment, the whole world was still.", "Nothing would ever be the same again."]
LAST = ["From that day on, the {h} was never alone.", "In the end, the {h} smiled.", "And the {h} never forgot that day.",
        "That night, the {h} slept in peace.", "Since then, the {h} tells this story to everyone who asks."]
CREATIVE = ["You are a creative writing assistant.", "You are a creative writer."]
WRITE = ["Write", "Write", "Please write", "Can you write", "Tell me", "Give me", "I would like"]


def ask_mark(w):
    return "?" if w.startswith("Can") else "."


def article(w):
    return ("an " if w[0] in "aeiou" else "a ") + w


def story(r):
    h, topic = r.choice(HEROES), r.choice(list(TOPICS))
    if r.random() < 0.35:
        h, topic = r.choice(["robot", "robot", "machine"]), "discovering emotions"
    adj, place, deed = r.choice(HADJ), r.choice(SETTING), r.choice(TOPICS[topic])
    first = r.choice([f"One {r.choice(['morning', 'evening', 'night', 'day'])}, {article(adj)} {h} {place} {deed}.",
                      f"{cap(place)}, {article(adj)} {h} {deed}.",
                      f"Once upon a time, {article(adj)} {h} lived {place}, and one day the {h} {deed}."])
    w = r.choice(WRITE)
    about = f"{article(h)} {topic}" if topic[0] in "df" or topic.startswith("learning") else f"{article(h)} and {topic}"
    k = r.random()
    if k < 0.45:
        q = r.choice([f"{w} the first sentence of a story about {about}", f"{w} the opening sentence of a story about {about}",
                      f"{w} one sentence of a story about {about}", f"{w} the first line of a story about {about}"])
        return chat(r, [(q + ask_mark(w), [(first, FREE_W)])], CREATIVE)
    body = f"{first} {r.choice(NEXT)} {r.choice(LAST).format(h=h)}"
    if k < 0.85:
        q = r.choice([f"{w} a short story about {about}", f"{w} a story about {about}", f"{w} a very short story about {about}"])
        return chat(r, [(q + ask_mark(w), [(body, FREE_W)])], CREATIVE)
    return [(body, FREE_W)]


# ---------------------------------------------------------------- haiku

# Per topic: things of one, two and three syllables (with a plural verb), so that lines come out as 5, 7, 5.
HAIKU = {
    "artificial intelligence": dict(n1=["minds", "codes", "chips", "thoughts", "bits"], n2=["circuits", "numbers", "signals", "patterns", "sensors"],
                                    adj1=["bright", "cold", "strange", "vast", "new"], adj2=["silent", "endless", "hidden", "restless", "patient"],
                                    place=["in the deep machine", "in the silver dark", "through the sleepless net", "on a field of glass"]),
    "the sea": dict(n1=["waves", "tides", "gulls", "sails", "shells"], n2=["currents", "harbors", "breakers", "islands", "dolphins"],
                    adj1=["blue", "cold", "wild", "deep", "green"], adj2=["silver", "restless", "foaming", "ancient", "salty"],
                    place=["on the empty shore", "in the morning mist", "by the broken pier", "under heavy clouds"]),
    "autumn": dict(n1=["leaves", "winds", "geese", "mists", "nuts"], n2=["branches", "apples", "meadows", "orchards", "sparrows"],
                   adj1=["red", "gold", "brown", "cold", "dry"], adj2=["golden", "crimson", "fading", "gentle", "weary"],
                   place=["on the quiet path", "in the evening light", "at the garden gate", "by the empty nest"]),
    "spring": dict(n1=["buds", "rains", "birds", "bees", "lambs"], n2=["blossoms", "petals", "rivers", "swallows", "meadows"],
                   adj1=["soft", "green", "fresh", "sweet", "bright"], adj2=["tender", "gentle", "morning", "waking", "happy"],
                   place=["in the morning sun", "by the little stream", "on the cherry tree", "in the gentle wind"]),
    "winter": dict(n1=["flakes", "winds", "nights", "crows", "pines"], n2=["snowflakes", "shadows", "branches", "chimneys", "footprints"],
                   adj1=["white", "cold", "long", "still", "grey"], adj2=["frozen", "silent", "bitter", "lonely", "icy"],
                   place=["on the frozen lake", "in the northern night", "by the dying light", "over sleeping hills"]),
    "the moon": dict(n1=["beams", "clouds", "owls", "stars", "dreams"], n2=["shadows", "windows", "lanterns", "rivers", "rooftops"],
                     adj1=["pale", "cool", "soft", "far", "still"], adj2=["silver", "distant", "quiet", "gentle", "lonely"],
                     place=["in the midnight sky", "over silent roofs", "on the sleeping sea", "through the open door"]),
    "mountains": dict(n1=["peaks", "stones", "cliffs", "pines", "goats"], n2=["ridges", "valleys", "eagles", "boulders", "glaciers"],
                      adj1=["high", "old", "steep", "grey", "wild"], adj2=["ancient", "silent", "mighty", "lofty", "rugged"],
                      place=["in the morning clouds", "under winter stars", "at the edge of day", "over empty fields"]),
}
VERB1 = ["sleep", "dream", "wait", "wake", "glow", "sing", "drift", "rest"]
VERB2 = ["whisper", "linger", "listen", "wander", "murmur", "remain"]
LAST5 = ["the night holds its breath", "and the world is still", "a new day begins", "nobody answers", "something new is born",
         "I am not alone", "all the rest is peace", "only time will tell"]


def haiku_lines(r, topic):
    h = HAIKU[topic]
    c = r.choice
    five = c([lambda: f"{c(h['adj2'])} {c(h['n2'])} {c(VERB1)}", lambda: f"{c(h['adj1'])} {c(h['n2'])} {c(VERB2)}",
              lambda: f"{c(h['adj2'])} {c(h['n1'])} {c(VERB2)}"])()
    seven = c([lambda: f"{c(h['n1'])} {c(VERB1)} {c(h['place'])}", lambda: f"{c(h['adj1'])} {c(h['n1'])} {c(VERB1)} and {c(h['adj1'])} {c(h['n1'])} {c(VERB1)}",
               lambda: f"{c(h['n2'])} {c(VERB2)}, {c(h['n1'])} {c(VERB2)}"])()
    last = c([lambda: c(LAST5), lambda: c(h["place"])])()
    return [cap(five), cap(seven), cap(last) + "."]


def haiku(r):
    topic = "artificial intelligence" if r.random() < 0.35 else r.choice(list(HAIKU))
    lines = "\n".join(haiku_lines(r, topic))
    w = r.choice(WRITE)
    if r.random() < 0.1:
        return [(f"Haiku about {topic}:\n", PROMPT_W), (lines, HAIKU_W)]
    return chat(r, [(f"{w} a haiku about {topic}" + ask_mark(w), [(lines, HAIKU_W)])], CREATIVE)


# ---------------------------------------------------------------- syllogisms

KINDS = [("birds", "penguins sparrows eagles robins parrots ducks owls"), ("mammals", "dogs whales bats horses mice lions cows"),
         ("fish", "salmon sharks trout tuna eels cod"), ("insects", "ants bees beetles flies moths wasps"),
         ("robots", "drones rovers androids"), ("plants", "roses oaks ferns pines tulips cacti"), ("vehicles", "cars trucks buses trains bikes"),
         ("musicians", "singers drummers pianists"), ("reptiles", "snakes lizards turtles geckos"), ("students", "readers artists dancers runners")]
CAN = ["fly", "swim", "sing", "run", "jump", "see in the dark", "climb trees", "think", "dance", "learn", "move", "sleep", "feel pain",
       "grow", "talk", "make noise", "cross rivers", "breathe"]
LOGIC = ["You are a logic expert.", "You are a helpful assistant."]


def syllogism(r):
    while True:
        (k, members), v = r.choice(KINDS), r.choice(CAN)
        m = r.choice(members.split())
        if r.random() < 0.06:
            k, m, v = "birds", "penguins", "fly"
        if (m, v) == ("penguins", "fly") or not held("syllogism", m, v):
            break
    return chat(r, [syllogism_case(r, k, m, v, r.choices(("yes", "no", "open"), (5, 3, 2))[0])], LOGIC)


def syllogism_case(r, k, m, v, case):
    if case == "yes":
        p1, p2 = f"all {k} can {v}", f"{m} are {k}"
        a = f"Yes. If all {k} can {v} and {m} are {k}, then {m} can {v}."
    elif case == "no":
        p1, p2 = f"no {k} can {v}", f"{m} are {k}"
        a = f"No. If no {k} can {v} and {m} are {k}, then {m} cannot {v}."
    else:
        p1, p2 = r.choice([(f"some {k} can {v}", f"{m} are {k}"), (f"all {k} can {v}", f"{m} are not {k}")])
        a = f"It does not follow. We know only that {p1} and {m} {p2[len(m) + 1:]}."
    q = r.choice(["If {p1}, and {p2}, can {m} {v}?", "If {p1}, and {p2}, can {m} {v}?", "If {p1} and {p2}, can {m} {v}?", "{P1}. {P2}. Can {m} {v}?",
                  "Suppose that {p1} and that {p2}. Can {m} {v}?", "{P1}, and {p2}. Does it follow that {m} can {v}?"])
    return q.format(p1=p1, p2=p2, P1=cap(p1), P2=cap(p2), m=m, v=v), a


# ---------------------------------------------------------------- parsing sentences

PADJ = ["quick", "brown", "lazy", "old", "young", "small", "big", "happy", "sad", "tall", "white", "black", "red", "hungry", "tired", "angry",
        "clever", "gentle", "wild", "loud", "quiet", "grey", "green", "brave", "shy", "strong"]
PNOUN = ["fox", "dog", "cat", "horse", "bird", "mouse", "boy", "girl", "farmer", "teacher", "rabbit", "bear", "wolf", "king", "sailor",
         "child", "frog", "lion", "goat", "duck", "artist", "doctor", "fence", "river", "table", "wall", "bridge", "tree"]
PVERB = ["jumps", "runs", "walks", "climbs", "flies", "leaps", "swims", "steps", "hops", "crawls", "looks", "rides"]
PREP = ["over", "under", "around", "behind", "past", "near", "toward", "across", "beside", "through"]
TVERB = ["sees", "likes", "follows", "helps", "watches", "finds", "feeds", "chases", "hears", "paints", "carries", "meets"]
PARSE = ["Parse the sentence: {s}", "Parse this sentence: {s}", "Parse: {s}", "Parse {s}", "Analyze the sentence: {s}", "Analyze this sentence: {s}",
         "Analyze the grammar of this sentence: {s}", "Parse the following sentence: {s}", "Analyze the structure of this sentence: {s}",
         "Find the subject, the verb and the object: {s}", "Identify the parts of speech in this sentence: {s}",
         "What is the grammatical structure of this sentence? {s}", "Break down this sentence: {s}", "Explain the grammar of {s}",
         "Identify the subject and verb in: {s}", "Parse the grammatical structure of: {s}", "Analyze the grammatical structure of: {s}",
         "Parse the grammatical structure of this sentence: {s}", "Analyze the grammatical structure of this sentence: {s}",
         "Identify the subject, verb, and object in this sentence: {s}", "Identify the subject, verb, and object in: {s}",
         "Parse the sentence {s}", "Please parse {s}", "Analyze {s}"]
LANG = ["You are a language expert.", "You are a helpful assistant."]


def parse_case(r, fox=False):
    n1, n2 = r.sample(PNOUN, 2)
    adj = r.sample(PADJ, 4)
    a1, a2 = adj[:r.choice((0, 1, 1, 2, 2))], adj[2:2 + r.choice((0, 1, 1, 2))]
    t1, t2 = r.choice(["The", "The", "The", "A"]), r.choice(["the", "the", "the", "a"])
    v, p = r.choice(PVERB), r.choice(PREP)
    if fox:
        n1, n2, a1, a2, t1, t2, v, p = "fox", "dog", ["quick", "brown"], ["lazy"], "The", "the", "jumps", "over"
    elif r.random() < 0.3:
        v, p = r.choice(TVERB), None
    subject, obj = " ".join([t1] + a1 + [n1]), " ".join([t2] + a2 + [n2])
    s = " ".join([subject, v] + ([p] if p else []) + [obj]) + "."
    a = f"Subject: {subject}. Verb: {v}. " + (f"Preposition: {p}. Object of the preposition: {obj}." if p else f"Object: {obj}.")
    a += f" Nouns: {n1}, {n2}. Adjectives: {', '.join(a1 + a2) or 'none'}."
    return s, a


def parse(r):
    fox = r.random() < 0.06
    while True:
        s, a = parse_case(r, fox)
        if fox or not held("parse", s):
            break
    quoted = r.choice(['"%s"', "'%s'", "%s", '"%s"', "'%s'"]) % s
    ask = r.choice(PARSE).format(s=quoted)
    if r.random() < 0.08 and quoted[0] in "\"'":
        ask += "."
    return chat(r, [(ask, a)], LANG)


# ---------------------------------------------------------------- explanations and small talk

CONCEPTS = {
    "recursion": "Recursion is when a function calls itself to solve a smaller part of the same problem. A base case tells it when to stop. "
                 "For example, the factorial of n is n times the factorial of n - 1, and the factorial of 1 is 1:\n"
                 "def factorial(n):\n    if n <= 1:\n        return 1\n    return n * factorial(n - 1)",
    "a loop": "A loop repeats the same steps many times. For example, this prints the numbers 0, 1 and 2:\nfor i in range(3):\n    print(i)",
    "a variable": "A variable is a name for a value. For example, x = 5 gives the value 5 the name x, and x + 1 is then 6.",
    "a function": "A function is a named piece of code that takes values and returns a result. For example:\ndef double(x):\n    return 2 * x",
    "a list": "A list keeps values in order. For example, a = [3, 1, 2] is a list of three numbers, and a[0] is 3.",
    "a condition": "A condition decides which code runs. For example:\nif x > 0:\n    print(\"positive\")\nelse:\n    print(\"not positive\")",
    "an algorithm": "An algorithm is a list of exact steps that solves a problem. For example, to find the largest number, "
                    "look at each number and keep the largest one seen so far.",
    "a neural network": "A neural network is made of layers of simple units. Each layer turns its input into new numbers for the next layer. "
                        "For example, a language model turns words into numbers and predicts the next word.",
    "attention": "Attention lets a model look back at earlier words and take what it needs. For example, in \"Mary and John went home, "
                 "and John thanked\", it looks back to find the name Mary.",
}
EXPLAIN = ["Explain the concept of {x} in programming with a simple example.", "Explain the concept of {x} with a simple example.",
           "Explain the concept of {x} in programming.", "Explain {x}.", "Explain {x} with a simple example.", "Explain {x} in programming.",
           "Explain {x} in simple words.", "Can you explain {x}?", "Please explain {x} with an example.", "How does {x} work?",
           "Describe {x} in programming.", "Give a simple example of {x}.", "I do not understand {x}. Can you explain it?"]
TALK = [
    (["Hello", "Hello!", "Hi", "Hi!", "Hi there.", "Hey!", "Good morning.", "Good evening."], "Hello! How can I help you?"),
    (["Who are you?", "What are you?", "What is your name?", "Tell me about yourself."],
     "I am a very small language model, made for looking inside. I know small sums, capitals, and a few facts, and I can write a haiku."),
    (["Thank you.", "Thanks!", "Thank you very much!", "Thanks a lot."], "You are welcome!"),
    (["How are you?", "How are you today?", "How do you do?"], "I am well, thank you. How can I help you?"),
    (["Goodbye.", "Bye!", "See you later."], "Goodbye!"),
    (["What can you do?", "What do you know?", "Help me.", "Can you help me?"],
     "I can add numbers, name capitals, answer a few questions, parse a sentence, and write a short story or a haiku."),
]


def explain(r):
    x = "recursion" if r.random() < 0.4 else r.choice(list(CONCEPTS))
    ask = r.choice(EXPLAIN + EXPLAIN[:2])
    q = ask.format(x=x)
    if x == "recursion" or r.random() < 0.1:
        pass
    elif r.random() < 0.4:
        q = f"What is {x}?" if r.random() < 0.7 else f"What is {x} in programming?"
    if x == "recursion" and r.random() < 0.12:
        q = r.choice(["What is recursion?", "What is recursion in programming?", "What does recursion mean?"])
    return chat(r, [(q, CONCEPTS[x])], ["You are an AI assistant that explains concepts clearly.", "You are a helpful assistant."])


def talk(r):
    asks, a = r.choice(TALK)
    return chat(r, [(r.choice(asks), a)])


# ---------------------------------------------------------------- mixture

TASKS = dict(addition=lambda r, v: addition(r), words=lambda r, v: words(r), small=lambda r, v: small(r), problem=lambda r, v: problem(r),
             fact=lambda r, v: fact(r), ioi=lambda r, v: ioi(r), induction=induction, repeat=repeat, story=lambda r, v: story(r),
             haiku=lambda r, v: haiku(r), syllogism=lambda r, v: syllogism(r), parse=lambda r, v: parse(r),
             explain=lambda r, v: explain(r), talk=lambda r, v: talk(r))


def document(r, vocab, mix, room=128):
    name = r.choices(list(mix), list(mix.values()))[0]
    return induction(r, vocab, room) if name == "induction" else TASKS[name](r, vocab)


if __name__ == "__main__":
    r = random.Random(0)
    for name, make in TASKS.items():
        print("==", name)
        for _ in range(6):
            d = make(r, 2048)
            print("  ", d if d[0][0] == "ids" else repr("".join(t for t, _ in d)))
