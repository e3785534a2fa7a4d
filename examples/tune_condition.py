"""Compare wordings of a condition on pictures whose answers you know, before you pay for hours of watching.

    python examples/tune_condition.py pictures "Is the gate open?" "Is there a gap between the two halves of the gate?"

Name each picture in the folder by its right answer, `yes-noon.jpg` or `no-fog.jpg`, or list the answers in answers.csv,
one line per picture: `noon.jpg,yes`. Pictures from your own camera are best; timelapse.py takes them.
"""

import argparse
import asyncio
import csv
import sys
from pathlib import Path

from trio_client import AsyncTrioClient, TrioError, pricing

WORDS = {"yes": True, "no": False}
AT_ONCE = 4


async def main() -> None:
    parser = argparse.ArgumentParser(description="Compare wordings of a condition on pictures whose answers you know.")
    parser.add_argument("folder", type=Path, help="pictures named yes-….jpg and no-….jpg, or with an answers.csv")
    parser.add_argument("questions", nargs="+", help="the wordings to compare")
    options = parser.parse_args()
    answers = right_answers(options.folder)
    if not answers:
        sys.exit(f"{options.folder} has no answers.csv, and no picture whose name starts with yes- or no-.")
    count = len(answers) * len(options.questions)
    # The price of analyze_frame is not published; this assumes that of a check.
    print(f"{len(answers)} pictures, {count} questions, about ${pricing.estimate_usd('check-once', checks=count):.2f}")
    at_once = asyncio.Semaphore(AT_ONCE)
    async with AsyncTrioClient() as client:
        for question in options.questions:
            found = await asyncio.gather(*(ask(client, at_once, picture, question) for picture in answers))
            report(question, answers, dict(zip(answers, found, strict=True)))


def right_answers(folder: Path) -> dict[Path, bool]:
    """Return the pictures of a folder, each with its right answer."""
    table = folder / "answers.csv"
    if table.exists():
        with table.open(newline="", encoding="utf-8-sig") as file:
            return {folder / name: WORDS[answer.strip().lower()] for name, answer in csv.reader(file)}
    pictures = sorted(each for each in folder.iterdir() if each.suffix.lower() in (".jpg", ".jpeg", ".png"))
    words = {picture: picture.name.partition("-")[0].lower() for picture in pictures}
    return {picture: WORDS[word] for picture, word in words.items() if word in WORDS}


async def ask(client: AsyncTrioClient, at_once: asyncio.Semaphore, picture: Path, question: str) -> bool | str | None:
    """Return the answer: yes, no, `None` for neither, or the text of an error."""
    async with at_once:
        try:
            return (await client.analyze_frame(picture, question)).triggered
        except TrioError as error:
            return str(error)


def report(question: str, answers: dict[Path, bool], found: dict[Path, bool | str | None]) -> None:
    right = sum(found[picture] is answer for picture, answer in answers.items())
    print(f"\n{question}\n  right: {right} of {len(answers)}")
    for picture, answer in answers.items():
        got = found[picture]
        if got is not answer:
            said = {True: "false alarm", False: "missed", None: "neither yes nor no"}.get(got, got)
            print(f"  {picture.name}: {said}")


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except TrioError as error:  # no key, a key that is refused, no connection
        sys.exit(str(error))
