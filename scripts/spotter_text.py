"""What the training voices of the digit spotter say: number phrases, questions, and talk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sayings

if TYPE_CHECKING:
    import numpy as np

WORDS = (
    *sayings.ONES,
    "oh",
    *sayings.TEENS,
    *sayings.TENS[2:],
    *("hundred", "thousand", "double", "triple"),
)
"""The number words that the spotter names, in the order of its classes (class 0 is none)."""

NUMBER_WORDS = frozenset(WORDS)

CUE_FORMS = {
    "card": ("card", "cards"),
    "credit": ("credit", "debit", "visa", "mastercard", "amex"),
    "security": ("security",),
    "code": ("code", "codes", "postcode", "passcode"),
    "cvv": ("c v v", "c v c", "c v v two", "c i d"),
    "expire": ("expire", "expires", "expired", "expiry", "expiration"),
    "valid": ("valid",),
    "month": ("month",),
    "year": ("year",),
    "social": ("social",),
    "digit": ("digit", "digits"),
    "last": ("last",),
    "back": ("back", "reverse"),
    "front": ("front",),
    "signature": ("signature",),
    "number": ("number", "numbers"),
    "zip": ("zip",),
    "post": ("post", "postal"),
    "phone": ("phone", "telephone"),
    "mobile": ("mobile", "cell"),
    "call": ("call", "callback"),
    "reach": ("reach",),
    "order": ("order",),
    "confirmation": ("confirmation", "confirm"),
    "reference": ("reference",),
    "tracking": ("tracking", "invoice", "ticket", "booking", "claim", "case", "policy"),
    "member": ("member", "membership", "customer"),
    "account": ("account",),
    "birth": ("birth", "birthday", "born"),
    "date": ("date",),
    "address": ("address",),
    "street": ("street", "apartment"),
    "total": ("total", "amount", "balance", "price", "cost"),
    "charge": ("charge", "payment"),
    "much": ("much",),
    "when": ("when",),
    "day": ("day",),
    "time": ("time",),
}
"""Words that tell what a number is, by the name of their class, in the order of the classes
after those of the number words."""

CUES = tuple(CUE_FORMS)
_CUE_OF = {form: name for name, forms in CUE_FORMS.items() for form in forms}
_LONGEST_CUE = 4

SENTENCES = (
    "Thank you for calling, my name is Alex, how can I help you today?",
    "I'm calling about the letter that you sent me last week.",
    "Could you tell me your full name, please?",
    "Sure, that's Margaret Ellison, with a double L.",
    "Let me pull up your account, it will take a moment.",
    "I see that your payment did not go through this month.",
    "Which card would you like to use for the payment?",
    "Can I have the card number, please?",
    "Go ahead whenever you are ready.",
    "And what is the expiration date on that card?",
    "The security code is on the back, near the signature.",
    "Can you confirm your social security number for me?",
    "What is the best phone number to reach you at?",
    "I don't have it in front of me, let me get my wallet.",
    "Hold on, I need to find my glasses.",
    "Okay, got it. Thank you very much.",
    "Is there anything else that I can do for you?",
    "No, that was all, have a nice day.",
    "The weather here has been awful, nothing but rain.",
    "We moved to a new house at the end of the summer.",
    "Do you want me to send the receipt by mail or to your phone?",
    "Please send it to the same address as before.",
    "I would rather speak to a supervisor about this.",
    "The technician did not show up, and nobody called me.",
    "I'm sorry to hear that, let me see what we can do.",
    "We can send someone on Friday in the morning.",
    "The internet has been down since the storm.",
    "Have you tried to turn it off and on again?",
    "Yes, I did that, and the light is still red.",
    "You should receive an email with a link to reset the password.",
    "My daughter set it up for me, I don't know how it works.",
    "The box was open when it arrived, and the lid was broken.",
    "We will refund the full amount to your account.",
    "That would be great, I really appreciate your help.",
    "Who am I speaking with?",
    "I used to work for the same company, a long time ago.",
    "You need to sign the form and send it back to us.",
    "The doctor said that I should wait for the results.",
    "I would like to book a table by the window.",
    "Do you have anything near the beach for the weekend?",
    "Our office is closed on Sunday and on public holidays.",
    "Just to let you know, this call is being recorded.",
    "Could you spell that for me, please?",
    "It's B as in boy, N as in Nancy, D as in dog.",
    "I want to cancel the subscription, I never use it.",
    "If you cancel now you will lose the discount.",
    "Fine, then leave it as it is for the time being.",
    "There's a fee for changing the flight, I'm afraid.",
    "Which seat would you prefer, the window or the aisle?",
    "The policy covers damage by water but not by frost.",
    "He hit the fence when he tried to park the van.",
    "Nobody was hurt, but the door won't open any more.",
    "Please hold the line while I transfer you.",
    "I've been waiting for ages, what is going on?",
    "You are through to the right department now.",
    "The order left the warehouse and is on its way.",
    "It says that it was delivered, but I never got it.",
    "Did you ask your neighbours whether they took it in?",
    "I'll open a case for you and call you back.",
    "Let me read the terms to you before we go on.",
    "Do you agree to the terms and conditions?",
    "Yes, I do.",
    "Mm-hmm.",
    "Okay.",
    "Right, yes.",
    "Uh huh, sure.",
    "Alright, perfect.",
    "Sorry, could you say that again?",
    "No, sorry, that was wrong, let me start over.",
    "Um, let me see, hold on.",
    "And then the last group is",
    "Sure, it's",
    "My card number is",
    "The code is",
    "It expires in",
    "Yes, the number is",
    "You can call me at",
    "The order number is",
    "That would be",
    "The bank sent me a new card because the old one had expired.",
    "My sister lives in Seattle and works for the city.",
    "There was an issue with the system, so we have to try again.",
    "Do you see the small lock in the corner of the screen?",
    "Type your name in the field and press enter.",
    "We have to go to the store before it closes.",
    "The machine ate my card, and now I can't get any money.",
    "They won the game, and everybody went for a drink.",
    "She said that she would be too late for dinner.",
    "The phone fell into the sink, and the screen went dark.",
    "Even so, I think we should leave this for later.",
    "The sign says that you can't park here after dark.",
    "Nice to meet you, and thanks for your patience.",
)

CLOSINGS = (
    *("Thank you, goodbye.", "Thank you, bye.", "Thanks, bye bye.", "Goodbye.", "Bye.", "You too."),
    *(
        "You too, goodbye.",
        "Okay, bye now.",
        "Great, thanks a lot.",
        "Thank you so much.",
        "Hello?",
    ),
    *("Have a nice day.", "Thanks for your help.", "Thank you, you're all set.", "Yes, please."),
    *("Oh, I see.", "Oh no.", "Oh, alright then.", "Oh, that's right.", "No, no.", "Oh well."),
    *(
        "Are you still there?",
        "Hi there.",
        "Good morning.",
        "Good night.",
        "I know.",
        "That's fine.",
    ),
    *("I'd like to, too.", "Not for me.", "For the time being.", "To be fair, it's fine."),
    *("What time?", "On the line.", "By the way.", "Right away.", "It's mine.", "I'm fine."),
)
"""What is said at the ends of calls, and what a spotter is likely to take for a digit."""

LETTERS = "ABCDEFGHIJKLMNPQRSTUVWXYZ"

_COMMON = """
about above across act add after again against age agree air all almost alone along already also
always among an and animal another answer any appear apple are area arm around arrive art as at
baby bad bag ball bank bar base be bear beat beautiful because become bed been before began
begin behind believe below best better between big bill bird black blue board boat body bone
book born both box boy break bright bring broken brother brown build bus busy but buy by cake
came camp can cannot captain car care carry catch cause center certain chair chance change cheap
check child choose church circle city claim class clean clear climb clock close clothes cloud
coat coffee cold color come common company complete cook cool copy corn corner correct cost
could count country course cover cross crowd cry cup current cut dance dark daughter dead deal
dear decide deep depend did die different dinner direct do doctor does dog done door down draw
dream dress drink drive drop dry during each early earth east easy eat edge effect egg either
else empty end engine enjoy enough enter even evening ever every exact example expect eye face
fact fall family far farm fast father fear feel feet fell felt few field fight fill film final
find fine finger finish fire first fish fit floor flower fly follow food foot for forest forget
form forward free fresh friend from fruit full fun garden gave get gift girl give glad glass go
goes gold gone good got government grass great green grew ground group grow guess guest had hair
half hall hand happy hard has hat have he head hear heart heat heavy held hello help her here
high hill him his history hit hold hole home hope horse hospital hot hour house how huge hurry
hurt ice idea if important in inside interest into iron island it its job join joke jump just
keep kept key kid kind king kitchen knew know lady lake land language large late laugh law lay
lead learn least leave left leg less let letter level lie life lift light like line list listen
little live long look lose lost lot loud love low luck lunch machine made mail main make man
many map mark market marry matter may me mean meat meet men middle might mile milk mind mine
minute miss modern moment money moon more morning most mother mountain mouth move movie music
must my name near neck need neighbor never new news next nice night no noise none nor north nose
not note nothing notice now object ocean of off offer office often oil old on once only open or
other our out outside over own page paid pain paint paper parent park part party pass past pay
peace pen people perhaps person pick picture piece place plan plane plant play please point
police poor possible power practice press pretty problem promise public pull push put queen
question quick quiet quite race radio rain raise ran rather read ready real really reason record
red remember rest result rice rich ride right ring rise river road rock roof room round rule run
sad safe said sail salt same sand sat save saw say school science sea season seat second see
seem sell send sense sent serve set several shape share she sheep ship shirt shoe shop short
should shoulder show side sign silver simple since sing sister sit size skin sky sleep slow
small smell smile snow so soft soil some son song soon sorry sort sound south space speak
special speed spell spend spoke sport spring square stand star start state station stay step
still stone stop store storm story straight strange stream strong student study such sugar
summer sun sure surface surprise sweet swim system table take talk tall taste teach team tear
tell test than thank that the their them then there these they thing think this those thought
through throw tie till together told tomorrow too took tool top touch toward town track trade
train travel tree trip trouble true trust try turn under understand until up upon us use usual
valley very view visit voice wait walk wall want war warm was wash watch water wave way we wear
weather week weight well went were west what wheel where which while white who whole why wide
wife wild will win wind window winter wish with woman wonder wood word work world would write
wrong yard yellow yes yesterday yet you young your ate eight-year fore fort forty-winks to won
sex sicken sickness seventh-heaven saving heaven leaven heave sieve nigh knife nineveh five-star
fife hive dive three-legged threw thorough hero zebra zone arrow narrow row owe owl ought awful
oath though toe tow twelve-inch shelf health wealth teen tin ten-fold tent attend tense when
wine won't shun fifty-odd nifty thirsty dirty sturdy sixty-odd pity sixth fix six-pack mix
tricks hundredth hunted hungry thousandth dowsed bubble rubble ripple tipple triplet nickel fork
for-ever four-poster pour yours shore oar ore wore
"""

COMMON = tuple(_COMMON.split())
"""Common words, and words that sound like numbers; drawn at random into sentences.
Those that hold a number word are left out where they are drawn."""

MONTHS = sayings.MONTHS


def phrase(rng: np.random.Generator) -> str:
    """Return words in which a number is said; not all of them need be number words."""
    draw = int(rng.integers(100))
    if draw < 72:  # noqa: PLR2004 - share of plain groups of digits
        length = int(rng.choice([1, 2, 3, 4, 4, 4, 4, 5, 6, 7, 8, 9]))
        style = str(
            rng.choice(
                ["singles", "singles", "singles", "commas", "multiples", "pairs", "hundreds"]
            )
        )
        digits = "".join(map(str, rng.integers(0, 10, length)))
        if style == "multiples" or rng.integers(5) == 0:
            at = int(rng.integers(length))
            digits = (digits[:at] + digits[at] * 3 + digits[at + 1 :])[: max(length, 2)]
        if style == "hundreds" and length == 4:  # noqa: PLR2004
            digits = digits[0] + digits[1] * int(rng.integers(2)) + "000"
            digits = digits[:4]
        return sayings.in_words(digits, style, rng)
    if draw < 82:  # noqa: PLR2004
        return sayings.expiry(rng)[0].said
    if draw < 90:  # noqa: PLR2004
        count = int(rng.integers(1, 5))
        return " ".join(sayings.below_hundred(int(rng.integers(10, 100))) for _ in range(count))
    kind = str(rng.choice(["AMOUNT", "TIME", "PHONE", "ZIP", "DATE"]))
    return " ".join(group.said for group in sayings.harmless(kind, rng))


THINGS = (
    *("card number", "credit card number", "debit card number", "number on the card"),
    *("number on your credit card", "sixteen digits on the front", "long number on the front"),
    *("card details", "card", "visa card", "last four digits of the card", "full card number"),
    *("security code", "card security code", "code on the back", "three digit code"),
    *("verification code", "C V V", "C V C", "last three digits on the back"),
    *("number on the signature strip", "four digit code on the front", "three numbers on the back"),
    *("expiration date", "expiry date", "expiry", "month and year", "expiration", "valid date"),
    *("social security number", "social", "last four of your social", "full social"),
    *("phone number", "telephone number", "mobile number", "cell phone number", "callback number"),
    *("number to call you back", "best number to reach you", "contact number", "phone"),
    *("zip code", "zip", "postal code", "postcode", "billing zip code", "zip for that address"),
    *("order number", "confirmation number", "reference number", "tracking number", "order"),
    *("invoice number", "ticket number", "booking reference", "case number", "customer number"),
    *("policy number", "member number", "membership number", "account number", "claim number"),
    *("total", "amount", "exact amount", "balance", "charge", "price", "total amount"),
    *("date of birth", "birth date", "date", "day", "delivery date", "payment date"),
    *("address", "street address", "apartment number", "billing address", "bank account number"),
)
_YOURS = ("your", "the", "your", "the", "that", "my", "a")
_ASKED = (
    *("Can I have {}, please?", "Could you give me {}?", "What is {}?", "What's {}?", "And {}?"),
    *(
        "And {}, please.",
        "Please read me {}.",
        "I need {}.",
        "I will also need {}.",
        "May I have {}?",
    ),
    *(
        "Could you tell me {}?",
        "Do you have {}?",
        "Would you confirm {} for me?",
        "Go ahead with {}.",
    ),
    *("{}, please.", "Can you repeat {}?", "Now {}.", "Could you read out {}?", "Is that {}?"),
    *("Tell me {} when you are ready.", "I didn't get {}.", "So what was {}?", "Let me have {}."),
)
_TOLD = (
    *("{} is", "It's {}", "Here is {}", "I don't have {} here.", "Which {}?", "You want {}?"),
    *("Let me find {}.", "I can give you {}.", "{} has not changed.", "I have {} in front of me."),
    *("Yes, {} is", "Okay, {} is", "It's on {}.", "I lost {}.", "Do you need {}?", "That's {}."),
)
_FREE = (
    *("When does it expire?", "When does your card expire?", "It expires in", "It's valid until"),
    *("Valid through", "It's good through", "When was that?", "What day was it?", "What time?"),
    *("How much was it?", "How much was the charge?", "Where can we reach you?", "On the back."),
    *("What number can I call you back on?", "When did you order it?", "What day works for you?"),
    *(
        "When were you born?",
        "How much is the payment?",
        "The month and the year?",
        "On the front.",
    ),
    *("Is the card still valid?", "When is your birthday?", "Which day?", "At what time?"),
    *("Call me back.", "You can reach me at", "You can call me at", "Last time", "Last year."),
    *("It's", "That's", "It is", "It's uh", "That is", "They're", "This is", "It says", "And"),
)


def question(rng: np.random.Generator) -> str:
    """Return what tells of which kind the next number is; it may hold number words itself."""
    draw = rng.random()
    if draw < 0.25:  # noqa: PLR2004 - share of fixed sentences
        return str(rng.choice(_FREE))
    frames = _ASKED if draw < 0.7 else _TOLD  # noqa: PLR2004
    thing = f"{rng.choice(_YOURS)} {rng.choice(THINGS)}"
    said = str(rng.choice(frames)).format(thing)
    return said[0].upper() + said[1:]


def talk(rng: np.random.Generator) -> str:
    """Return a sentence; those of questions may hold a number word."""
    draw = rng.random()
    if draw < 0.45:  # noqa: PLR2004 - share of questions
        return question(rng)
    if draw < 0.75:  # noqa: PLR2004
        return str(rng.choice(SENTENCES))
    words = [w for w in COMMON if not NUMBER_WORDS & set(w.split("-"))]
    return " ".join(str(w) for w in rng.choice(words, int(rng.integers(3, 12))))


def hard(rng: np.random.Generator) -> str:
    """Return talk that is easily taken for a number: closings, spelled letters."""
    if rng.integers(3):
        return str(rng.choice(CLOSINGS))
    return " ".join(rng.choice(list(LETTERS), int(rng.integers(1, 6))))


def parts(text: str) -> list[tuple[bool, str]]:
    """Cut a phrase into stretches of number words (True) and of other words (False)."""
    found: list[tuple[bool, list[str]]] = []
    for word in text.split():
        is_number = word.strip(",.").lower() in NUMBER_WORDS
        if not found or found[-1][0] != is_number:
            found.append((is_number, []))
        found[-1][1].append(word)
    return [(is_number, " ".join(words).strip(",")) for is_number, words in found]


def classes(text: str) -> list[int]:
    """Return the classes (from 1) of the number words and cues in ``text``, in order."""
    said = [word.strip(",.?!").lower() for word in text.split()]
    found: list[int] = []
    at = 0
    while at < len(said):
        for length in range(_LONGEST_CUE, 0, -1):
            cue = _CUE_OF.get(" ".join(said[at : at + length]))
            if cue is not None and at + length <= len(said):
                found.append(len(WORDS) + CUES.index(cue) + 1)
                at += length
                break
        else:
            if said[at] in NUMBER_WORDS:
                found.append(WORDS.index(said[at]) + 1)
            at += 1
    return found
