"""Answers cases from standard input, one JSON text a line, as the vectors spell them; each answer is a line as well."""

import json
import sys

from latchkey_offline import Verifier


def answer_to(case):
    options = dict(case["options"])
    verifier = Verifier(options.pop("tenant"), options.pop("product"), options.pop("roots"))
    given = {("product" if name == "product_named" else name): value for name, value in options.items()}
    verdict = verifier.verify(case["file"], **given)
    answer = {"code": verdict.code}
    if verdict.ok:
        decision = verdict.decision
        reasons = [[reason.code, reason.severity, reason.pointer] for reason in decision.reasons]
        answer["decision"] = {"valid": decision.valid, "code": decision.code, "reasons": reasons}
        answer["warnings"] = [warning.code for warning in verdict.warnings]
        answer["state"] = verdict.state
    return answer


for line in sys.stdin:
    print(json.dumps(answer_to(json.loads(line))))
