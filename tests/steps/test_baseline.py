import json
from pathlib import Path

import pytest

from jaxaudit.model import Finding, Place
from jaxaudit.model.mistake import Mistake
from jaxaudit.steps.baseline import read_baseline, split


def finding(fingerprint: str) -> Finding:
    return Finding("key-reuse", "", "", "warning", 1.0, Place("a.py", 1, 1, 1, 2), fingerprint=fingerprint)


def test_each_entry_answers_for_one_finding() -> None:
    news, known = split([finding("a-1"), finding("a-1"), finding("b-1")], ["a-1"])
    assert [one.fingerprint for one in news] == ["a-1", "b-1"]
    assert [one.fingerprint for one in known] == ["a-1"]


def test_a_moved_file_is_known_by_its_content() -> None:
    news, known = split([finding("a-2"), finding("c-2")], ["a-1"])
    assert [one.fingerprint for one in known] == ["a-2"]
    assert [one.fingerprint for one in news] == ["c-2"]


def test_an_entry_that_was_used_for_its_own_place_is_not_used_again() -> None:
    news, known = split([finding("a-1"), finding("a-2")], ["a-1"])
    assert [one.fingerprint for one in news] == ["a-2"]
    assert [one.fingerprint for one in known] == ["a-1"]


def test_news_and_known_of_the_saved_check_both_count(tmp_path: Path) -> None:
    document = {
        "schema": "jaxaudit/1",
        "kind": "check",
        "findings": [{"fingerprint": "a-1"}],
        "known": [{"fingerprint": "b-1"}],
    }
    file = tmp_path / "base.json"
    file.write_text(json.dumps(document))
    assert read_baseline(file) == ["a-1", "b-1"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "can't be read (No such file or directory); `jaxaudit check --format json --output"),
        ("{", "is not JSON"),
        ("[]", "is not a check that jaxaudit saved"),
        ('{"schema": "jaxaudit/1", "kind": "audit", "findings": []}', "is not a check that jaxaudit saved"),
        ('{"version": "2.1.0", "runs": []}', "is not a check that jaxaudit saved"),
    ],
)
def test_the_words_of_errors(tmp_path: Path, text: str | None, sentence: str) -> None:
    file = tmp_path / "base.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(Mistake) as error:
        read_baseline(file)
    assert sentence in str(error.value)
