"""Which sentences may stand in a summary: the rules of the summary node (processors/Summarization), said again."""

import re

OPENINGS = tuple(
    """read more|read also|read the full|click here|tap here|sign up|subscribe|follow us|follow @|share this|share on|\
advertisement|sponsored|photo:|photo by|photos:|photograph:|file photo|image:|image by|images:|image credit|image from|\
picture:|pictures:|credit:|caption:|video:|watch:|watch live|listen:|related:|related articles|see also|more on this|\
copyright|©|(c) |all rights reserved|this article was|this article is|this page was|skip to|reporting by|editing by|\
writing by|additional reporting|source:|sources:|tags:|comments|have your say|from wikinews|from wikipedia|\
retrieved from|contact:|media contact|press contact|for immediate release|last updated|published:|updated:|posted:|\
download""".split("|")
)
ANYWHERE = re.compile("all rights reserved|cookie policy|privacy policy|terms of use|terms of service|newsletter", re.I)
DATE_WORDS = frozenset(
    """monday tuesday wednesday thursday friday saturday sunday january february march april may june july august
    september october november december jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun am
    pm gmt utc est edt bst th st nd rd of at on""".split()
)
LETTERS = re.compile(r"[^\W\d_]+")

LEANING = frozenset(
    """but and or so yet nor however moreover furthermore meanwhile nevertheless nonetheless therefore thus hence instead
    otherwise likewise similarly consequently additionally besides still then also too well indeed afterwards
    he she it they him her his hers its their theirs them this that these those such""".split()
)
TIMES = frozenset(
    """week weekend month year morning afternoon evening season spring summer autumn fall winter century decade quarter
    monday tuesday wednesday thursday friday saturday sunday
    january february march april may june july august september october november december""".split()
)
PHRASES = re.compile(
    r"(?:in addition|in contrast|by contrast|in response|in turn|in fact|as a result|as such|as well|on the other hand|"
    r"for example|for instance|at the same time|of course|despite this|despite that|after that|before that|"
    r"because of this|because of that|according to (?:him|her|them)|even so|the latter|the former|the same|"
    r"(?:one|some|many|most|both|all|none) of them)(?![^\W\d_])",
    re.I,
)
SPEAKERS = frozenset("he she they it we".split())


def _first_word(text: str) -> str:
    found = LETTERS.match(text)
    return found[0] if found else ""


def is_dangling(sentence: str) -> bool:
    """It leans on the sentence before it: "But he said ...", "In addition, ...", a quotation whose speaker is a pronoun."""
    text = sentence.lstrip(" \t\r\n-–—*•([….\"“”'‘’«»")
    first = _first_word(text)
    rest = text[len(first) :]
    if first.lower() in LEANING and not rest.startswith(("-", "\u2011")):
        second = _first_word(rest.lstrip()).lower()
        if not (first.lower() == "so" and second == "far") and not (first.lower() == "this" and second in TIMES):
            return True
    return bool(PHRASES.match(text)) or _is_quote_of_someone(sentence.strip())


def _is_quote_of_someone(sentence: str) -> bool:
    if len(sentence) < 2 or sentence[0] not in "\"“«‘'":
        return False
    end = max(sentence.rfind(mark, 1) for mark in "\"”»")
    if end < 1:
        return False
    word = _first_word(sentence[end + 1 :].lstrip(" ,"))
    return not word or word.lower() in SPEAKERS


def is_boilerplate(sentence: str) -> bool:
    text = sentence.lstrip(" \t\r\n-–—*•\"'“‘([")
    words = [word for word in text.split() if any(character.isalnum() for character in word)]
    if text.lower().startswith(OPENINGS) or len(words) < 3 or _is_byline(text) or is_date(text):
        return True
    if " " not in text or (text.lower().startswith("http") and len(words) < 6):
        return True
    return len(text) < 200 and bool(ANYWHERE.search(text))


def _is_byline(text: str) -> bool:
    if not text.lower().startswith("by ") or len(text) > 80 or text[-1] in ".!?":
        return False
    small = ("and", "in", "for", "of", "de", "van", "von")
    return all(not word[:1].islower() or word in small for word in text[3:].split(" "))


def is_date(text: str) -> bool:
    return len(text) <= 60 and all(word.lower() in DATE_WORDS for word in LETTERS.findall(text))


def is_finished(sentence: str) -> bool:
    return sentence.rstrip("\"'”’»)]").endswith((".", "!", "?", "…"))


def candidates(sentences: list[str]) -> list[bool]:
    """Whole sentences that say something; where there are none whatever says something; else everything; nothing twice."""
    lower = [sentence.lower() for sentence in sentences]
    new = [lower.index(sentence) == number for number, sentence in enumerate(lower)]
    meaning = [first and not is_boilerplate(sentence) for first, sentence in zip(new, sentences)]
    whole = [says and is_finished(sentence) for says, sentence in zip(meaning, sentences)]
    return whole if any(whole) else meaning if any(meaning) else new
