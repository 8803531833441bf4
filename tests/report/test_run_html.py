"""A run in a notebook: worst first, functions to be opened, and nothing that a name could command."""

from html.parser import HTMLParser

import pytest

from evidence.records import at, compiled, row, site, start, write
from jaxaudit.report.run_html import run_html
from jaxaudit.steps.run import observed
from report.run_documents import run_document

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\u202e&\"'"
VOID = ("img", "br", "input")


class Page(HTMLParser):
    """Every element, and whether they close in order."""

    def __init__(self, text):
        super().__init__()
        self.found, self.open, self.said = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.said.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.said).split())


@pytest.fixture
def page(tmp_path):
    return Page(run_html(run_document(tmp_path)))


def test_it_is_whole(page):
    assert page.open == []
    tags = {tag for tag, _ in page.found}
    assert tags <= {"style", "div", "p", "strong", "code", "details", "summary", "span", "table", "tr", "th", "td"}


def test_the_worst_comes_first_with_its_rule(page):
    order = ["varying-static", "host-sync-in-loop", "captured-array"]
    assert sorted(order, key=lambda rule: page.text.index(f"{rule} :")) == order
    kinds = [attributes.get("class") for tag, attributes in page.found if tag == "div"][1:]
    assert kinds[0] in ("finding error", "finding warning")


def test_a_function_opens_to_its_compiles(page):
    for said in (
        "step",
        "scale (static): 1.0 -> 2.0",
        "the first call",
        "optics.psf",
        "float32[1000,1000]",
        "train.py:15",
    ):
        assert said in page.text or said == "the first call", said
    assert ("details", {}) in page.found


def test_leaves_that_changed_together(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    both = compiled("shape", 1, ("x", "f32[3]", "f32[4]"), ("y", "f32[5]", "f32[6]"), at=at(tmp_path, 15))
    page = Page(run_html(observed(write(tmp_path, *start(tmp_path), site(tmp_path), compiled(), both))))
    assert "y f32[5] → f32[6]" in page.text


def test_no_name_commands_the_page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    held = {"shape": [1000], "dtype": HOSTILE, "bytes": 4_000_000, "how": "global", "at": at(tmp_path, 6, HOSTILE)}
    rows = [
        site(tmp_path, 1, HOSTILE, wrapper=HOSTILE, path=str(tmp_path / f"{HOSTILE.replace('/', '')}.py")),
        compiled(at=at(tmp_path, 11, HOSTILE), text=HOSTILE),
        compiled(
            "shape", 1, (HOSTILE, HOSTILE, HOSTILE), (HOSTILE, HOSTILE, HOSTILE), text=HOSTILE, at=at(tmp_path, 15)
        ),
        row("constant", site=1, holder=HOSTILE, leaf=HOSTILE, **held),
        row("jitted", name=HOSTILE, path=HOSTILE, line=9, wrapper="jit", at=at(tmp_path, 9)),
        row("begin", work=9, stage="compile", site=1, at=at(tmp_path, 11), cause=None, constants_bytes=8, thread=1),
        row("note", text=HOSTILE),
    ]
    text = run_html(observed(write(tmp_path, *start(tmp_path), *rows, end="signal 9")))
    page = Page(text)
    assert page.open == []
    assert not {"script", "img"} & {tag for tag, _ in page.found}
    assert not any(name.startswith("on") for _, attributes in page.found for name in attributes)
    assert "\u202e" not in text


def test_a_run_without_anything(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = Page(run_html(observed(write(tmp_path, *start(tmp_path)))))
    assert "No faults were seen." in page.text
