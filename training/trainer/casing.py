"""The casing class of a word, which the entity model reads through its token-type input.

The encoder's vocabulary is lower-case; the class gives back what lower-casing takes away.
"""

import unicodedata

NO_WORD = 0  # special tokens, punctuation: neither letter nor digit
LOWER = 1  # no upper-case letter
CAPITALISED = 2  # the first letter upper-case, the others not
UPPER = 3  # two or more letters, all upper-case
SINGLE_UPPER = 4  # one letter, upper-case
MIXED = 5  # any other mix
DIGITS = 6  # digits, no letter
ALPHANUMERIC = 7  # letters and digits

CLASSES = 8


def casing_class(word: str) -> int:
    letters = uppers = digits = 0
    first_is_upper = False
    for character in word:
        category = unicodedata.category(character)
        if category[0] == "L":
            letters += 1
            if category == "Lu":
                uppers += 1
                first_is_upper = first_is_upper or letters == 1
        elif category == "Nd":
            digits += 1
    if letters == 0 and digits == 0:
        return NO_WORD
    if letters and digits:
        return ALPHANUMERIC
    if digits:
        return DIGITS
    if letters == 1 and uppers == 1:
        return SINGLE_UPPER
    if uppers == letters:
        return UPPER
    if first_is_upper and uppers == 1:
        return CAPITALISED
    return LOWER if uppers == 0 else MIXED
