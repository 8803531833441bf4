"""A change that was written upon another brings that along."""

import subprocess

import pytest

from jaxaudit.steps.apply import apply, digest

BEFORE = b"a = 1\nb = 2\nc = 3\n"


def proposal(number, *edits, includes=()):
    made = {"a.py": {"before": digest(BEFORE), "replace": [list(one) for one in edits]}}
    return {"id": number, "title": number, "edits": made, "setting": None, "includes": list(includes)}


@pytest.fixture
def document(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.py").write_bytes(BEFORE)
    first, other = proposal("1", (0, 5, "a = 9")), proposal("3", (12, 17, "c = 7"))
    upon = proposal("2", (0, 12, "a = 9 + b\nb = 8\n"), includes=("1",))
    kept = [{"proposal": one, "verdict": "keep"} for one in ("1", "2", "3")]
    return {"proposals": [first, upon, other], "outcomes": kept}


def applied(document, *ids, commit=False):
    chosen, _ = apply(document, ids, allow_dirty=True, commit=commit, message=lambda made, one: f"change {one['id']}")
    with open("a.py", "rb") as file:
        return [one["id"] for one in chosen], file.read()


def test_all_that_was_kept(document):
    assert applied(document) == (["1", "2", "3"], b"a = 9 + b\nb = 8\nc = 7\n")


def test_the_one_it_was_written_upon_comes_along(document):
    assert applied(document, "3", "2") == (["3", "1", "2"], b"a = 9 + b\nb = 8\nc = 7\n")


def test_alone_without_the_one_that_was_written_upon_it(document):
    assert applied(document, "1") == (["1"], b"a = 9\nb = 2\nc = 3\n")


def test_a_commit_for_each(document):
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["add", "a.py"], ["commit", "-q", "-m", "start"]):
        subprocess.run([*git, *words], check=True)
    for name, value in (("user.name", "a"), ("user.email", "a@example.org")):
        subprocess.run(["git", "config", name, value], check=True)
    assert applied(document, commit=True)[1] == b"a = 9 + b\nb = 8\nc = 7\n"
    log = subprocess.run(["git", "log", "--format=%s", "-p"], capture_output=True, text=True, check=True).stdout
    assert [line for line in log.splitlines() if line.startswith("change")] == ["change 3", "change 2", "change 1"]
    assert log.count("+a = 9\n") == 1 and log.count("+a = 9 + b\n") == 1
