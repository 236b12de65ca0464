"""Make the six sample calls and their truth: two channels, 8 kHz, G.711 mu-law.

    python scripts/make_samples.py --corpora DIR --out samples

``--corpora`` (or HUSHTAP_CORPORA) is the folder that holds ``fsdd/``, whose
recorded digits one of the calls needs. The same seed gives the same truth. The
numbers are test numbers: no card and no person has them.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np

from dialogue import AGENT, CALLER, Dialogue, Group, Speaker

Script: TypeAlias = Callable[[Dialogue], None]

SEED = 2
SNR_DB = 34.0
"""The hiss of a quiet line, in dB below the speech."""


def card_groups(call: Dialogue) -> None:
    """A card in four groups of recorded digits, the agent listening aloud."""
    call.say(AGENT, "Thank you for calling. How can I help you today?")
    call.say(CALLER, "Hi, I would like to pay my phone bill.")
    call.say(AGENT, "Sure, I can take that for you. Can I have your card number, please?")
    call.say(CALLER, "Yes, one moment, here it is.")
    ones = Group("1111", "one one one one")
    call.number(
        CALLER,
        "CREDIT_CARD",
        (Group("4111", "four one one one"), ones, ones, ones),
        between=("Mm-hmm.", "Okay.", "Mm-hmm."),
    )
    call.say(AGENT, "Perfect, that went through.")
    call.say(CALLER, "Wonderful, thanks for your help.")


def amex(call: Dialogue) -> None:
    """Fifteen digits in groups of four, six and five."""
    call.say(AGENT, "Good afternoon, reservations, how may I help?")
    call.say(CALLER, "Hello, I want to book the room we talked about.")
    call.say(AGENT, "Of course. Which card would you like to put it on?")
    call.say(CALLER, "My American Express. Are you ready?")
    call.say(AGENT, "Go ahead with the number.")
    call.say(CALLER, "Okay, it's")
    groups = (
        Group("3782", "three seven eight two"),
        Group("822463", "eight double two four six three"),
        Group("10005", "one zero zero zero five"),
    )
    call.number(CALLER, "CREDIT_CARD", groups, between=("Okay.", "Uh huh."))
    call.say(AGENT, "Great, you're all set. We look forward to seeing you.")
    call.say(CALLER, "Thank you, goodbye.")


def ssn(call: Dialogue) -> None:
    """A social security number in groups of three, two and four, then its last four again."""
    call.say(AGENT, "Hello, thanks for holding. What can I do for you?")
    call.say(CALLER, "I moved last month and I need to change my address.")
    call.say(AGENT, "I can do that. For security, what is your social security number?")
    call.say(CALLER, "It's")
    groups = (
        Group("987", "nine eight seven"),
        Group("65", "six five"),
        Group("4320", "four three two zero"),
    )
    call.number(CALLER, "US_SSN", groups, gap=(0.4, 0.8))
    call.say(AGENT, "Sorry, I lost you there. The last four again?")
    call.number(CALLER, "US_SSN", (Group("4320", "forty three twenty"),))
    call.say(AGENT, "Thank you. I have changed the address.")
    call.say(CALLER, "Great, have a nice day.")


def code_expiry(call: Dialogue) -> None:
    """An expiry date and a security code beside an amount that may stay."""
    call.say(AGENT, "I have your card number on the other system now. The total comes to")
    call.number(AGENT, "AMOUNT", (Group("4250", "forty two dollars and fifty cents"),))
    call.say(CALLER, "Yes, that sounds right.")
    call.say(AGENT, "And what is the expiration date?")
    call.say(CALLER, "Let me see, that's")
    call.number(CALLER, "EXPIRY", (Group("0927", "oh nine twenty seven"),))
    call.say(AGENT, "And the three digit security code on the back?")
    call.say(CALLER, "It's")
    call.number(CALLER, "CVV", (Group("730", "seven three zero"),))
    call.say(AGENT, "Thank you. Would you like the receipt by mail?")
    call.say(CALLER, "Yes, please. Thanks a lot.")


def read_back(call: Dialogue) -> None:
    """A card number that the agent reads back."""
    call.say(AGENT, "Customer service, good morning.")
    call.say(CALLER, "Good morning, I'd like to change the card on my account.")
    call.say(AGENT, "No problem. What is the number of the new card?")
    zeros = Group("0000", "zero zero zero zero")
    said = (
        Group("5500", "five five zero zero"),
        zeros,
        zeros,
        Group("0004", "zero zero zero four"),
    )
    call.number(CALLER, "CREDIT_CARD", said, between=("", "Mm-hmm."), gap=(0.3, 0.5))
    call.say(AGENT, "Let me read that back to you.")
    read = (Group("5500", "fifty five hundred"), zeros, zeros, Group("0004", "zero zero zero four"))
    call.number(AGENT, "CREDIT_CARD", read, gap=(0.2, 0.4))
    call.say(CALLER, "Yes, that's right.")
    call.say(AGENT, "Done. Thank you for calling.")


def harmless(call: Dialogue) -> None:
    """Numbers that nobody needs to hide: the whole call stays as it was."""
    call.say(AGENT, "Hello, this is the delivery desk. Do you have your order number?")
    call.say(CALLER, "Yes, the order number is")
    call.number(CALLER, "ORDER", (Group("73192", "seven three one nine two"),))
    call.say(AGENT, "Thanks. And what is the best phone number to reach you?")
    call.say(CALLER, "You can call me at")
    phone = (Group("415", "four one five"), Group("555", "five five five"))
    call.number(CALLER, "PHONE", (*phone, Group("0162", "zero one six two")), gap=(0.15, 0.35))
    call.say(AGENT, "And the zip code for the address?")
    call.number(CALLER, "ZIP", (Group("94110", "nine four one one zero"),))
    call.say(AGENT, "Great. You paid")
    call.number(AGENT, "AMOUNT", (Group("1999", "nineteen dollars and ninety nine cents"),))
    call.say(AGENT, "and it will be there on")
    call.number(AGENT, "DATE", (Group("14", "March fourteenth"),))
    call.say(AGENT, "around")
    call.number(AGENT, "TIME", (Group("430", "four thirty in the afternoon"),))
    call.say(CALLER, "Perfect, thank you.")


SAMPLES: dict[str, tuple[Speaker, Speaker, Script]] = {
    "sample_card_groups": (
        Speaker("kokoro:jf_alpha"),
        Speaker("kokoro:jm_kumo", digits="jackson"),
        card_groups,
    ),
    "sample_amex": (Speaker("flite:rms"), Speaker("kokoro:jf_gongitsune", 0.95), amex),
    "sample_ssn": (Speaker("kokoro:jf_nezumi"), Speaker("kokoro:jm_kumo", gain_db=-4.0), ssn),
    "sample_code_expiry": (Speaker("kokoro:jm_kumo"), Speaker("flite:slt"), code_expiry),
    "sample_read_back": (Speaker("kokoro:jm_kumo", 1.05), Speaker("kokoro:jf_alpha"), read_back),
    "sample_harmless": (Speaker("flite:slt"), Speaker("kokoro:jf_tebukuro"), harmless),
}


def make_sample(name: str, out: Path, corpora: Path | None, seed: int = SEED) -> Path:
    """Write ``NAME.wav`` (mu-law) and ``NAME.json`` into ``out`` and return the audio's path.

    Raises:
        FileNotFoundError: the call has recorded digits and ``corpora`` holds none.
    """
    agent, caller, script = SAMPLES[name]
    rng = np.random.default_rng([seed, list(SAMPLES).index(name)])
    call = Dialogue((agent, caller), rng, corpora)
    script(call)
    path = out / f"{name}.wav"
    call.write(path, "ULAW", SNR_DB, subtype="ULAW")
    return path


def main() -> None:
    """Read the command line and make the samples."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--corpora", type=Path, default=os.environ.get("HUSHTAP_CORPORA"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("names", nargs="*", default=list(SAMPLES), help="default: all six")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for name in args.names:
        print(make_sample(name, args.out, args.corpora, args.seed), flush=True)


if __name__ == "__main__":
    main()
