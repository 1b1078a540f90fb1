"""Runs the published vectors: every verifier must come to the same answer about every text."""

import json
import unittest
from pathlib import Path

from latchkey_offline import Verifier

VECTORS = Path(__file__).parents[2] / "vectors" / "olp-1.json"
OPTIONS = (
    "now",
    "state",
    "fingerprint",
    "components",
    "device_key",
    "request",
    "keyset",
    "status",
    "version",
    "features",
    "product_named",
    "user",
    "domain",
)


def answer_to(case):
    """The verdict on a case, in the words of the vector file."""
    options = case["options"]
    verifier = Verifier(options["tenant"], options["product"], options["roots"])
    given = {("product" if name == "product_named" else name): options[name] for name in OPTIONS if name in options}
    verdict = verifier.verify(case["file"], **given)
    answer = {"code": verdict.code}
    if verdict.ok:
        decision = verdict.decision
        answer["decision"] = {
            "valid": decision.valid,
            "code": decision.code,
            "reasons": [[reason.code, reason.severity] for reason in decision.reasons],
        }
        answer["warnings"] = [warning.code for warning in verdict.warnings]
        answer["state"] = verdict.state
    return answer


class Vectors(unittest.TestCase):
    """One test a case, made below."""


def _test(case):
    def test(self):
        self.assertEqual(answer_to(case), case["expected"])

    test.__doc__ = case["name"]
    return test


for _index, _case in enumerate(case for case in json.loads(VECTORS.read_text())["cases"] if case["kind"] == "verify"):
    setattr(Vectors, f"test_{_index:03}", _test(_case))
