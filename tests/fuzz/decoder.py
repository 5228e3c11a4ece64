"""atheris on the decoder, held against the independent reader: `make fuzz`, or `python -m tests.fuzz.decoder SECONDS`.

It starts from the valid answers and keeps what it found worth keeping in build/fuzz/corpus, for the next time. What it
finds is a file in build/fuzz/findings; `python -m tests.fuzz.decoder FILE` shows that one again. The first byte of an
input says which answer it is, the rest is the answer.
"""

from __future__ import annotations

import random
import re
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["toastnb.codec", "toastnb.remarks", "tests.fuzz.reader"]):
    from tests.fuzz import mutants
    from tests.fuzz.oracle import check
    from tests.openapi.needs import ANSWERS

ROOT = Path(__file__).parents[2]
KINDS = sorted((schema, kind) for kind, schema in ANSWERS)
LONGEST = 8192
TOKEN = re.compile(rb'"[^"]*"|[\w.+-]+')
WORDS = {*mutants.NUMBERS, *(f'"{text}"' for text in mutants.NUMBERS + mutants.NO_NUMBERS)}
LITERALS = sorted(word.encode() for word in WORDS | {*mutants.BROKEN, *mutants.OTHERS} if len(word) < 60)


def one_input(data: bytes) -> None:
    """Read one input; whatever is raised is a finding."""
    if data:
        schema, kind = KINDS[data[0] % len(KINDS)]
        check(data[1:], kind, schema)


def mutated(data: bytes, longest: int, seed: int) -> bytes:
    """Change bytes as libFuzzer does, or put another literal in the place of a token of the JSON."""
    chance = random.Random(seed)
    tokens = list(TOKEN.finditer(data, 1))
    if not tokens or chance.random() < 0.4:
        return bytes(atheris.Mutate(data, longest))
    token, literal = chance.choice(tokens), chance.choice(LITERALS)
    return (data[: token.start()] + literal + data[token.end() :])[:longest]


def prepared() -> Path:
    """Write the valid answers and the words of JSON to start from; return the folder of it all."""
    folder = ROOT / "build" / "fuzz"
    for name in ("seeds", "corpus", "findings"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for number, (schema, _) in enumerate(KINDS):
        for at, tree in enumerate(mutants.ANSWERS[schema]):
            body = mutants.written(mutants.paired(tree))
            (folder / "seeds" / f"{schema}-{at}").write_bytes(bytes([number]) + body)
    words = ('"' + "".join(f"\\x{byte:02x}" for byte in word) + '"\n' for word in LITERALS if word)
    (folder / "words").write_text("".join(words))
    return folder


def main(arguments: list[str]) -> None:
    given = arguments[0] if arguments else "60"
    folder = prepared()
    options = [f"-max_total_time={given}", f"-max_len={LONGEST}", "-timeout=10", "-rss_limit_mb=2048"]
    places = [str(folder / "corpus"), str(folder / "seeds")]
    if not given.isdigit():
        options, places = [], [given]
    more = [f"-dict={folder / 'words'}", f"-artifact_prefix={folder / 'findings'}/", "-print_final_stats=1"]
    atheris.Setup([sys.argv[0], *options, *more, *places], one_input, custom_mutator=mutated)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
