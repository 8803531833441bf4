"""The page of a document: whole, small, and nothing in it that a name could command."""

import builtins
import re
from html.parser import HTMLParser

import pytest

from jaxaudit.report.pictures import installed
from jaxaudit.report.rendering import rendered
from report.audit_documents import audit_document
from report.check_documents import CAPTURED, JIT_IN_LOOP, check_document
from report.large_documents import HOSTILE, hostile_document, large_document
from report.run_documents import run_document

VOID = {"meta", "input", "path", "rect"}


class Page(HTMLParser):
    """Every element with its attributes, what scripts hold, and whether elements close in order."""

    def __init__(self, text):
        super().__init__()
        self.found, self.open, self.scripts = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)


@pytest.mark.parametrize("kind", ["audit", "run", "check", "hostile", "hostile and long"])
def test_nothing_is_fetched_and_no_name_commands(kind, tmp_path):
    document = {
        "audit": lambda: audit_document(tmp_path),
        "run": lambda: run_document(tmp_path),
        "check": lambda: check_document([JIT_IN_LOOP, CAPTURED]),
        "hostile": lambda: hostile_document(tmp_path),
        "hostile and long": lambda: hostile_document(tmp_path, HOSTILE * 200),
    }[kind]()
    text = rendered(document, "html")
    page = Page(text)
    assert len(text.encode()) < 2_000_000
    scripts = [attributes for tag, attributes in page.found if tag == "script"]
    assert scripts in ([{"type": "application/json", "id": "compiles"}, {}], [{}])
    assert not {"img", "link", "iframe", "object", "base"} & {tag for tag, _ in page.found}
    for tag, attributes in page.found:
        assert not any(name.startswith("on") for name in attributes), (tag, attributes)
        for name in ("src", "href", "xlink:href"):
            assert attributes.get(name, "#").startswith("#"), (tag, attributes)
    addresses = set(re.findall(r"https?://[\w./]+", text))
    names = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}  # of XML: the second where pygal finds lxml
    assert addresses <= names, addresses
    assert "default-src 'none'" in text.replace("&#x27;", "'")
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", text)


def test_five_thousand_compiles_with_long_names_stay_small(tmp_path):
    made = large_document(tmp_path)
    assert len(rendered(made, "html").encode()) < 1_500_000
    for one in (*made["functions"], *made["compiles"]):
        one["name" if "name" in one else "function"] += f".{'望' * 2_000}"
        one["path"] = f"{'long/' * 500}{one['path']}"
    for one in made["compiles"]:
        one["cause"]["text"] += "x" * 4_000
        for each in one["cause"]["changes"]:
            each["was"] = "x" * 4_000 + each["was"]
    for one in made["proposals"]:
        one["diff"] *= 5_000
    made["sources"] = [{"path": "train.py", "of": 9_000, "lines": [[n, "y" * 400] for n in range(1, 2_900)]}]
    text = rendered(made, "html")
    assert len(text.encode()) < 2_000_000
    assert "compiles; the JSON document holds all" in text


def test_without_the_package_of_pictures_the_figures_are_there(tmp_path, monkeypatch):
    real = builtins.__import__

    def without(name, *more, **named):
        if name.startswith("pygal"):
            raise ImportError(name)
        return real(name, *more, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    text = rendered(audit_document(tmp_path), "html")
    assert "<svg" not in text
    assert 'pip install "jaxaudit[html]"' in text.replace("&quot;", '"')
    assert "optics.psf" in text and "2.4 to 2.9 times less" in text


def test_the_same_document_gives_the_same_page(tmp_path):
    document = audit_document(tmp_path)
    assert rendered(document, "html") == rendered(document, "html")


def test_an_audit_says_all_of_it(tmp_path):
    text = rendered(audit_document(tmp_path), "html")
    for said in (
        "Kept 1 of 4 changes", "Hand <code>optics</code> in as an argument", "constants 4 MB -&gt; 0, as predicted",
        "sensitivity.py:30 takes jax.grad by it", "Yours to decide", "output and files equal; tests as before",
        "(2) Bind <code>optics</code> outside of the jit", "scale (static): 1.0 -&gt; 2.0", 'id="finding-',
    ):  # fmt: skip
        assert said in text, said


def test_what_was_kept_together_stands_first(tmp_path):
    document = audit_document(tmp_path)
    both = document["outcomes"][0] | {"measured": [one | {"after": 0.5} for one in document["outcomes"][0]["measured"]]}
    text = rendered(document | {"together": both}, "html")
    assert text.index("all that is kept") < text.index('<a href="#change-1" title=')
    assert ("all: CPU time of a run" in text) is installed()


def test_a_run_says_what_it_saw(tmp_path):
    text = rendered(run_document(tmp_path), "html")
    for said in (
        "jaxaudit run",
        "6 programs compiled",
        "Timeline of compiles",
        "Captured arrays",
        "causes are not available",
    ):
        assert said in text, said
    assert "Ruled out" not in text


def test_a_comparison_has_no_page(tmp_path):
    from jaxaudit.model.mistake import Mistake

    with pytest.raises(Mistake, match="--format markdown"):
        rendered({"kind": "compare"}, "html")


def test_of_a_large_check_too_nothing_is_left_out_without_a_word():
    document = check_document([JIT_IN_LOOP], functions=[])
    document["findings"] = [document["findings"][0] | {"line": number + 1} for number in range(3_000)]
    one = {
        "name": "f",
        "path": "a.py",
        "line": 1,
        "wrapper": "jit",
        "static": [],
        "donated": [],
        "callers": [],
        "cell": None,
    }
    document["functions"] = [one | {"name": f"f{number}"} for number in range(3_000)]
    text = rendered(document, "html")
    assert len(text.encode()) < 2_000_000
    assert "and 2800 more findings, in the JSON document" in text
    assert "and 2400 more functions, in the JSON document" in text
