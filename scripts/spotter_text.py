"""What the training voices of the digit spotter say: number phrases, and talk without numbers."""

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


def talk(rng: np.random.Generator) -> str:
    """Return a sentence without a number word."""
    if rng.integers(2):
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
    """Return the classes (from 1) of the number words in ``text``."""
    said = (word.strip(",.").lower() for word in text.split())
    return [WORDS.index(word) + 1 for word in said if word in NUMBER_WORDS]
