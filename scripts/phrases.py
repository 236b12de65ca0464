"""The questions that make people say a number, and what they say around it."""

from __future__ import annotations

ASKS: dict[str, tuple[str, ...]] = {
    "CREDIT_CARD": (
        "Can I have your card number, please?",
        "Could you read me the sixteen digits on the front of your card?",
        "What is the long number across the front of the card?",
        "Go ahead with the card number whenever you're ready.",
        "And which credit card would you like to use? I'll need the full number.",
        "To take the payment I need the number on your debit card.",
    ),
    "AMEX": (
        "What is your American Express card number?",
        "Please read me the Amex number on the front.",
    ),
    "CVV": (
        "And the three digit security code on the back?",
        "Can you give me the C V V, please?",
        "What are the last three digits on the signature strip?",
        "And the verification code on the back of the card?",
    ),
    "CVV4": ("And the four digit code on the front of the card?",),
    "EXPIRY": (
        "What is the expiration date?",
        "And when does the card expire?",
        "Can I get the expiry date, month and year?",
        "And it's valid until?",
    ),
    "US_SSN": (
        "Can you confirm your social security number?",
        "What is your social, please?",
        "For security I need your full social security number.",
    ),
    "SSN4": (
        "Can I have the last four of your social?",
        "What are the last four digits of your social security number?",
    ),
    "PHONE": (
        "What is the best phone number to reach you?",
        "Can I get a callback number?",
    ),
    "ORDER": ("Do you have the order number?", "What is your reference number?"),
    "AMOUNT": ("How much was the charge?", "What amount do you see on the statement?"),
    "DATE": ("What day did you place it?", "When was that?"),
    "TIME": ("What time works for you?", "When should the driver come?"),
    "ZIP": ("And your zip code?", "What's the zip for that address?"),
}

LEADS: dict[str, tuple[str, ...]] = {
    "CREDIT_CARD": (
        "",
        "",
        "Sure, it's",
        "Okay, my card number is",
        "Yes, the number is",
        "Uh, it's",
    ),
    "AMEX": ("Sure, it's", "It is", ""),
    "CVV": ("", "It's", "The code is", "That's"),
    "CVV4": ("", "It's"),
    "EXPIRY": ("", "It's", "That would be", "It expires"),
    "US_SSN": ("", "It's", "My social is", "Yes, that's"),
    "SSN4": ("", "It's", "Last four is"),
    "PHONE": ("You can call me at", "It's"),
    "ORDER": ("The order number is", "It says"),
    "AMOUNT": ("It was", "It says"),
    "DATE": ("I think it was", "On"),
    "TIME": ("Let's say", "Around"),
    "ZIP": ("It's", "The zip is"),
}

UNPROMPTED = (
    "Hi, I'd like to pay my bill, my card is",
    "I want to pay with my visa, the number is",
    "Let me give you my card, it's",
)
UNPROMPTED_SSN = ("I can give you my social, it's", "My social security number is")
BACKCHANNELS = ("Mm-hmm.", "Okay.", "Uh huh.", "Yes.", "Got it.", "Right.")
IN_SENTENCE = {
    "CVV": (
        ("And the security code is", "if that helps."),
        ("The three numbers on the back are", "and that's my card."),
        ("My C V V is", "as far as I can read it."),
    ),
    "EXPIRY": (
        ("And it expires", "so it's still good."),
        ("The card is valid until", "it says here."),
        ("The expiration date is", "I think."),
    ),
}
"""What a caller says unasked in one sentence with the number, before and after it."""
CARD4 = (
    "What are the last four digits of the card?",
    "Can you read me just the last four of the card you used?",
)
SSN_READ_BACKS = ("So your social security number is", "I have your social as")
FILLERS = ("uh", "let me see", "um", "hold on", "and then")
CORRECTIONS = ("sorry, no,", "no wait, I mean", "sorry, that's wrong,")
READ_BACKS = ("Let me read that back.", "So that is", "Just to confirm, I have", "I have it as")
ENDINGS = ("So that's the card ending in", "I see a card on file ending in")
GREETINGS = (
    "Thank you for calling, how can I help you today?",
    "Good afternoon, you're speaking with customer service.",
    "Hello, thanks for holding. What can I do for you?",
)
WANTS = (
    "Hi, I would like to pay my bill.",
    "Hello, I'm calling about my last order.",
    "Hi there, I want to book the room for next week.",
    "Yes, hello, I need some help with my account.",
)
THANKS = (
    ("Perfect, that went through.", "Wonderful, thanks for your help."),
    ("Thank you, you're all set.", "Thank you, bye."),
    ("That's everything I need. Have a nice day.", "You too, goodbye."),
)
