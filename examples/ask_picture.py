"""Take one picture from a stream and ask several questions about it.

python examples/ask_picture.py rtsp://yard.example/live "Is the gate open?" "What vehicles are there?"
"""

import argparse
import asyncio
import sys

from trio_client import AsyncTrioClient, TrioError


async def main() -> None:
    parser = argparse.ArgumentParser(description="Take one picture from a stream and ask several questions about it.")
    parser.add_argument("stream_url")
    parser.add_argument("questions", nargs="+")
    options = parser.parse_args()
    questions = options.questions
    async with AsyncTrioClient() as client:
        seen = await client.check_once(options.stream_url, "anything can be seen", include_frame=True)
        if seen.frame is None:
            sys.exit("The server sent no picture.")
        print("picture:", seen.frame.save("picture"))
        answers = await asyncio.gather(*(client.analyze_frame(seen.frame, question) for question in questions))
    for question, answer in zip(questions, answers, strict=True):
        word = {True: "yes", False: "no", None: "neither"}[answer.triggered]
        print(f"{question} [{word}] {answer.answer}")


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except TrioError as error:  # no key, a key that is refused, no connection
        sys.exit(str(error))
