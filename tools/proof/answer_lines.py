"""Answers files from standard input with the code of each. The first line says how to ask, each other line is a file; all of it is JSON."""

import json
import sys

from latchkey_offline import Verifier


def main():
    asked = json.loads(sys.stdin.readline())
    verifier = Verifier(asked["tenant"], asked["product"], asked["roots"])
    how = asked["how"]
    for line in sys.stdin:
        print(verifier.verify(json.loads(line), **how).code, flush=False)


main()
