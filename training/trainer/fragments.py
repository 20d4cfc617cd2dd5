"""Lines of a web page that are no sentences of the article: bylines, credits, links, headings, questions.

They are put between the sentences of training articles, so that the scorer learns to pass them over.
"""

import random
import re

FIXED = """Advertisement|Share this article|Follow us on Twitter and Facebook.|Sign up for our newsletter.|Read more
Subscribe to our newsletter to get the latest news every morning.|Background|Notes to editors|Further information
Contact|Comments|Press release|This story has been updated.|Click here to watch the video.|Photo: Getty Images.
Image: Reuters.|Image copyright Getty Images|Related articles|More on this story|Top stories|Most read
All rights reserved.|You can send us your comments using the form below.|Listen to the interview|Sources
External links|See also|This article is more than two years old.|Print|Save|Skip to main content""".replace("\n", "|").split("|")
TEMPLATES = """By {name}|By {name}, staff writer|{name} reports.|{name} said:|Photo: {name}|Image: {name}.|File photo of {name}.
Read more: {title}|Related: {title}|See also: {title}|{title}|{title}|({name}; editing by {other})|{name}:|{opening}:|{opening} ...
What do you think about {name}?|When did this begin?|How did {name} become involved?|Why does that matter?|{name} asked: {opening}?
Video: {title}|Last updated on {day} at 10:30 GMT|Published {day}|{day}|{name} is a reporter in London.
Contact {name} for more information.|Reporting by {name} in London|(Wikinews) {opening}:""".replace("\n", "|").split("|")
MONTHS = "January February March April May June July August September October November December".split()
NAME = re.compile(r"\b[A-Z][a-z]+ [A-Z][a-z]{2,}\b")


def make_fragments(rows, count: int, seed: int) -> list[str]:
    """count lines; rows: training rows with title and text, from which names, titles and openings are taken."""
    generator = random.Random(seed)
    result = []
    while len(result) < count:
        row, other = generator.choice(rows), generator.choice(rows)
        names = NAME.findall(row["text"]) or ["John Smith"]
        words = other["text"].split()
        start = generator.randrange(max(1, len(words) - 12))
        template = generator.choice(TEMPLATES if generator.random() < 0.8 else FIXED)
        result.append(template.format(
            name=generator.choice(names),
            other=generator.choice(names),
            title=other["title"],
            opening=" ".join(words[start : start + generator.randint(2, 8)]),
            day=f"{generator.randint(1, 28)} {generator.choice(MONTHS)} {generator.randint(1998, 2025)}",
        ))
    return result
