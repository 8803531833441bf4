import json

from jaxaudit.report.json_text import json_text
from report.check_documents import CAPTURED, JIT_IN_LOOP, WIDE, check_document


def test_it_says_the_document_and_nothing_else() -> None:
    document = check_document([JIT_IN_LOOP, CAPTURED, WIDE])
    text = json_text(document)
    assert json.loads(text) == document
    assert text.isascii()
    assert text.endswith("}\n")


def test_each_finding_has_a_line_of_its_own() -> None:
    lines = json_text(check_document([JIT_IN_LOOP, CAPTURED])).splitlines()
    assert sum('"rule": "jit-in-loop"' in line for line in lines) == 1
    assert sum('"rule": "captured-array"' in line for line in lines) == 1
