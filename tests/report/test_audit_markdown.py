"""An audit as a note to sign, and as a comment on a pull request, whole."""

import re

import pytest

from jaxaudit.report.audit_fates import fates
from jaxaudit.report.audit_markdown import LONGEST, audit_markdown
from jaxaudit.report.audit_note import audit_note
from report.audit_documents import audit_document
from report.large_documents import hostile_document
from report.test_terminal import same_as


@pytest.fixture
def document(tmp_path):
    return audit_document(tmp_path)


def test_the_note(document):
    same_as("audit_note.md", audit_note(document))


def test_the_comment(document):
    same_as("audit.md", audit_markdown(document))


def test_a_comment_has_room_in_a_pull_request(document):
    for one in document["proposals"]:
        one["diff"] += "+x\n" * 50_000
    text = audit_markdown(document)
    assert len(text) <= LONGEST
    assert "`audit.patch` has it" in text
    assert text.count("<details>") == text.count("</details>")


def test_every_finding_ends_somewhere(document):
    document["findings"].append(document["findings"][0] | {"status": "cleared", "confidence": 0.6})
    document["findings"].append(document["findings"][0] | {"status": "unsettled", "confidence": 0.6})
    said = fates(document)
    assert set(said) == set(range(len(document["findings"])))
    assert said[len(said) - 2] == "cleared by the run"
    assert said[len(said) - 1] == "a suspicion (confidence 0.60) that this run did not settle"
    assert {"mended by task 1"} < set(said.values())


@pytest.mark.parametrize("render", [audit_note, audit_markdown])
def test_no_name_commands_the_page(render, tmp_path):
    text = render(hostile_document(tmp_path, "<img src=x onerror=alert(1)> ``` [a](javascript:b)\u202e\n# big"))
    markdown_it = pytest.importorskip("markdown_it", reason="it reads Markdown as code hosts do")
    page = markdown_it.MarkdownIt("commonmark").enable("table").render(text)
    for tag in re.findall(r"<[^>]*>", page):
        assert re.fullmatch(
            r"</?(p|h[1-6]|ul|ol|li|em|strong|code|pre|details|summary|table|thead|tbody|tr|th|td|a|hr)\b[^<>]*>", tag
        ), tag
    assert not re.search(r"<a |javascript:[^b]|<h1>big|\son\w+=[^a]", page)
    assert "\u202e" not in text
