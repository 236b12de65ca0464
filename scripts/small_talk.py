"""What is said on calls beside the numbers that matter: everyday talk of both sides.

``TALK`` holds no number word at all; ``TALK_WITH_NUMBERS`` holds those that
everybody uses in passing (one moment, in two days, three o'clock, years,
prices). A mute in either is a false one.
"""

from __future__ import annotations

TALK: tuple[tuple[str, str], ...] = (
    ("I can help you with that.", "Great, thank you."),
    ("Let me just open your account.", "Sure, take your time."),
    ("How is your day going so far?", "Pretty good, it finally stopped raining."),
    (
        "The parcel left our warehouse and should be with you soon.",
        "That's good to hear, I was getting a little worried.",
    ),
    ("Is the delivery address still the same?", "Yes, nothing has changed."),
    ("Would you like the receipt by mail?", "Yes, that would be great."),
    (
        "May I ask what the problem is?",
        "The internet keeps dropping out, mostly in the evening when everybody is at home.",
    ),
    (
        "Have you tried to restart the router?",
        "Yes, I did that yesterday and again this morning, but it didn't change anything.",
    ),
    ("Are all the lights on the box green?", "No, the last light is red and it keeps blinking."),
    (
        "Could you check whether the cable at the back is plugged in properly?",
        "Hold on, I have to move the couch. Yes, it looks fine to me.",
    ),
    (
        "I'm sorry to hear that, I know how annoying this can be.",
        "Thanks, I just want it to work again.",
    ),
    (
        "I will send a technician to look at the line.",
        "That would be wonderful, somebody is always at home.",
    ),
    (
        "Did you receive a letter from us about the new terms?",
        "I think so, but I haven't had the time to read it.",
    ),
    (
        "The new plan includes calls to all of Europe.",
        "Oh nice, my sister lives in Spain, so that helps.",
    ),
    (
        "Would you prefer a window or an aisle seat?",
        "The aisle, please, I have rather long legs.",
    ),
    (
        "Are you travelling with checked baggage?",
        "Only a small suitcase and my guitar, if that's allowed.",
    ),
    (
        "Breakfast is included and it's served in the garden when the weather is nice.",
        "That sounds lovely, we're really looking forward to it.",
    ),
    (
        "Do you need a parking space at the hotel?",
        "No, we are coming by train and we'll walk from the station.",
    ),
    (
        "Do you have any allergies that the kitchen should know about?",
        "My daughter can't eat nuts, everything else is fine.",
    ),
    (
        "Which size would you like to exchange it for?",
        "The next size up, please, this is too tight around the shoulders.",
    ),
    (
        "You can put the shoes back in the box and use the label that came with them.",
        "I'm afraid I threw the label away, could you send me another?",
    ),
    (
        "The refund goes back to the account you paid from.",
        "Okay, and how will I know that it has arrived?",
    ),
    (
        "You will get an email as soon as it's done.",
        "Perfect, I'll keep an eye on my inbox then.",
    ),
    (
        "Who am I speaking with, please?",
        "This is Martha, I spoke to a colleague of yours last week.",
    ),
    (
        "Could you spell the street name for me?",
        "It's Hazelwood Lane, like the tree and the forest.",
    ),
    (
        "Are you the account holder?",
        "No, it's my husband's account, but he's sitting right next to me.",
    ),
    (
        "I just need to ask a few questions to make sure I'm talking to the right person.",
        "Of course, go ahead, I understand.",
    ),
    (
        "Has anybody else had access to your account recently?",
        "Not that I know of, only my wife and she never uses it.",
    ),
    (
        "I can see the payment, it is still waiting to be approved by the bank.",
        "Ah, that explains why it doesn't show up on my side.",
    ),
    (
        "Would you like to set up automatic payments?",
        "Not today, I prefer to look at the bill before I pay it.",
    ),
    (
        "The statement comes at the end of the month by mail, unless you go paperless.",
        "Let's go paperless, I have enough paper on my desk already.",
    ),
    (
        "Is there anything in the house that may have been damaged by the water?",
        "The carpet in the hall and a shelf full of old books.",
    ),
    (
        "Please take some pictures before you clean up.",
        "I did, my son told me to do that straight away.",
    ),
    (
        "Was anyone hurt in the accident?",
        "No, thank goodness, it was only the bumper and the mirror.",
    ),
    (
        "Do you want to bring the car to our garage or to your own?",
        "To my own if I can, they know the car very well.",
    ),
    (
        "How long have you had the cough?",
        "Since the weekend, and it gets worse when I lie down.",
    ),
    (
        "The doctor can see you in the morning or after lunch.",
        "After lunch would be better, I have to take the kids to school.",
    ),
    (
        "Please bring your insurance papers and a list of your medicine.",
        "I will, thanks for reminding me.",
    ),
    (
        "We don't have that colour in stock at the moment.",
        "That's a pity. Do you know when it comes back?",
    ),
    (
        "I could reserve the last piece in our other store.",
        "Yes please, that's on my way home from work.",
    ),
    (
        "What kind of music were you thinking of for the party?",
        "Something that the old and the young can dance to.",
    ),
    (
        "The system is a little slow today, please bear with me.",
        "No problem, I'm making coffee in the meantime.",
    ),
    (
        "I'm going to put you on hold while I talk to my supervisor.",
        "Alright, but please don't hang up on me.",
    ),
    (
        "Thank you for holding, my supervisor says that we can do that.",
        "Oh that is fantastic, I didn't expect that.",
    ),
    (
        "Could you tell me your mother's maiden name?",
        "Do I really have to? It's Lindqvist.",
    ),
    (
        "And the name of your favourite pet?",
        "That was a hamster called Biscuit.",
    ),
    (
        "Your password must have a letter, a capital letter and a special character.",
        "I can never remember those, so I write them down.",
    ),
    (
        "I have sent you a link, please click on it and tell me what you see.",
        "It says that the page cannot be found.",
    ),
    ("Let's try it again with a new link.", "Now it works, I can see the form."),
    (
        "Would you recommend us to your friends?",
        "I already have, most of my neighbours are with you.",
    ),
)

TALK_WITH_NUMBERS: tuple[tuple[str, str], ...] = (
    ("One moment, please.", "Sure, no rush."),
    ("Just a second, I'm pulling that up.", "Okay, I'll wait a minute or two."),
    ("Would that be a table for two?", "No, for four, and maybe one high chair."),
    (
        "I have something nice for you two on the second floor.",
        "The first one you showed us was nicer, I think.",
    ),
    ("It will be with you in two days.", "In two days? I thought it would take a week."),
    ("It's three o'clock now, so they are still open.", "Great, then I'll call them right away."),
    (
        "Our office is open from nine to five.",
        "That's when I'm at work, but I could come at lunch on Friday.",
    ),
    (
        "When did you open the account with us?",
        "That must have been in nineteen ninety eight, or a year later.",
    ),
    (
        "You have been a customer since two thousand and eleven.",
        "Really? Time flies, doesn't it.",
    ),
    ("That plan is twenty dollars a month.", "Hmm, I pay fifteen at the moment."),
    (
        "I can offer you ten percent off for the first six months.",
        "Okay, and what happens after the six months?",
    ),
    ("How old are the children?", "She is seven and he's turning ten in May."),
    (
        "How many people are in the household?",
        "There are five of us, two adults and three children.",
    ),
    (
        "Press the button on the side for about ten seconds.",
        "Okay, one, two, three. Now it's off.",
    ),
    (
        "It's in building four, on the third floor, second door on the left.",
        "Third floor, second door. Got it.",
    ),
    (
        "That is gate twelve, and boarding starts half an hour before.",
        "Perfect, so I don't have to hurry.",
    ),
    (
        "One of my colleagues will call you back within twenty four hours.",
        "Okay, but please not before eight.",
    ),
    (
        "The repair takes one to two weeks.",
        "Two weeks without a phone? I can't do that.",
    ),
    (
        "Is it a one way ticket or a return?",
        "Return, please, coming back on the Sunday.",
    ),
    (
        "Do you take one tablet or two a day?",
        "One in the morning and one before I go to bed.",
    ),
    (
        "The deposit is a hundred and fifty dollars and you get it back at the end.",
        "A hundred and fifty? Last time it was only a hundred.",
    ),
    (
        "The model from twenty nineteen has a bigger battery.",
        "I have the twenty seventeen one, and it's dying on me.",
    ),
    (
        "You could go for the six month or the twelve month plan.",
        "Let's do the twelve, it's cheaper in the end.",
    ),
    (
        "You're number three in the queue.",
        "Only three? Yesterday I waited forty minutes.",
    ),
)

ONLY_WORDS: tuple[str, ...] = (
    "I'm still here, just typing that in.",
    "My screen is a little slow today, sorry.",
    "Sorry, could you speak up a little?",
    "Yes I've got that, please go on.",
    "And that's the card in your own name?",
    "Okay, wait, the page is still loading.",
    "I think the line is breaking up.",
    "Mm-hmm, yes, I can see it here.",
    "Take your time, there is no hurry at all.",
    "Hang on, somebody is at the door.",
)
"""What is said over the other side's number; no number words."""
