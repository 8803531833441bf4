"""The page as a reader meets it, in headless Chromium: it renders, sorts, filters, opens, prints, and is silent."""

import pytest

from jaxaudit.report.pictures import installed
from jaxaudit.report.rendering import rendered
from report.audit_documents import audit_document
from report.browser import Browser, chromium
from report.check_documents import CAPTURED, JIT_IN_LOOP, check_document
from report.large_documents import hostile_document, large_document
from report.run_documents import run_document

pytestmark = pytest.mark.skipif(chromium() is None, reason="no Chromium is installed here; the page was not looked at")
NAMES = "[...document.querySelectorAll('#function-table tbody:not([hidden]) .open')].map(one => one.textContent)"


@pytest.fixture(scope="module")
def browser():
    made = Browser(chromium())
    yield made
    made.close()


@pytest.fixture
def shown(browser, tmp_path):
    def show(document, **look):
        page = tmp_path / "page.html"
        page.write_text(rendered(document, "html"), "utf-8")
        browser.show(page, **look)
        return browser

    return show


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("kind", ["audit", "run", "check", "hostile"])
def test_it_renders_without_a_word_and_without_scrolling_sideways(kind, width, shown, tmp_path):
    document = {
        "audit": lambda: audit_document(tmp_path),
        "run": lambda: run_document(tmp_path),
        "check": lambda: check_document([JIT_IN_LOOP, CAPTURED]),
        "hostile": lambda: hostile_document(tmp_path),
    }[kind]()
    page = shown(document, width=width, dark=width == 400)
    assert page.run("document.documentElement.scrollWidth <= innerWidth")
    assert page.run("document.title").startswith(f"jaxaudit {document['kind']}")
    assert page.run("document.querySelectorAll('img').length") == 0
    assert page.run(
        "[...document.querySelectorAll('nav a')].every(one => document.querySelector(one.getAttribute('href')))"
    )
    page.run("document.querySelectorAll('button.open').forEach(one => one.click())")
    assert page.run("document.title").startswith("jaxaudit")
    assert page.said == []


def test_what_the_console_says_would_be_heard(shown, tmp_path):
    page = shown(audit_document(tmp_path))
    page.run("console.warn('hear me')")
    assert "hear me" in page.said[0]
    page = shown(audit_document(tmp_path))
    page.run("document.body.insertAdjacentHTML('beforeend', '<img src=https://example.org/x.png onerror=\"1\">')")
    assert any("Content Security Policy" in one for one in page.said)


def test_dark_is_dark(shown, tmp_path):
    if not installed():
        pytest.skip("pygal, which draws the pictures, is not installed")
    colours = []
    for dark in (False, True):
        page = shown(audit_document(tmp_path), dark=dark)
        colours.append(page.run("getComputedStyle(document.body).backgroundColor"))
        assert page.run("getComputedStyle(document.querySelector('.picture .rect')).fill") != "rgb(0, 0, 0)"
    assert colours == ["rgb(255, 255, 255)", "rgb(13, 17, 23)"]
    page.look(dark=True, medium="print")
    assert page.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)", "paper is white"


def test_it_sorts_by_every_column_both_ways(shown, tmp_path):
    page = shown(large_document(tmp_path, functions=60, compiles=120))
    for column, head in enumerate(("function", "calls", "traces", "compiles", "trace", "lower", "XLA", "captured")):
        button = f"document.querySelectorAll('#function-table thead button')[{column}]"
        assert page.run(f"{button}.textContent") == head
        sort = f"({button}.click(), {button}.parentElement.getAttribute('aria-sort'))"
        first = page.run(sort), page.run(NAMES)
        second = page.run(sort), page.run(NAMES)
        assert {first[0], second[0]} == {"ascending", "descending"}
        if head in ("function", "XLA"):
            assert first[1] == second[1][::-1] and first[1] != second[1]
    assert page.run("document.querySelectorAll('th[aria-sort=none]').length") == 7
    assert page.said == []


def test_it_filters_by_name_leaf_and_cause(shown, tmp_path):
    page = shown(large_document(tmp_path, functions=60, compiles=120))
    assert len(page.run(NAMES)) == 48
    page.run("document.getElementById('libraries').click()")
    assert len(page.run(NAMES)) == 60

    def filtered(word):
        page.run(
            f"(f => {{ f.value = {word!r}; f.dispatchEvent(new Event('input')) }})(document.getElementById('filter'))"
        )
        return page.run(NAMES), page.run("document.getElementById('shown').textContent")

    assert filtered("solve_17.") == (["solve_17.<locals>.residual"], "1 of 60 shown")
    names, count = filtered("F32[75,2]")
    assert (set(names), count) == ({"solve_14.<locals>.residual", "solve_15.<locals>.residual"}, "2 of 60 shown")
    assert filtered("no such thing")[0] == []
    assert len(filtered("")[0]) == 60
    page.run("document.getElementById('again').click()")
    assert len(page.run(NAMES)) == 60
    assert page.said == []


def test_a_function_opens_to_every_compile_with_its_cause_and_leaf(shown, tmp_path):
    page = shown(large_document(tmp_path, functions=2, compiles=500))
    first = "document.querySelector('#function-table tbody:not([hidden])')"
    page.run(f"{first}.querySelector('.open').click()")
    rows = f"{first}.querySelectorAll('.details tbody tr').length"
    assert page.run(rows) == 200
    page.run(f"{first}.querySelector('.details > td > button').click()")
    assert page.run(rows) == 250
    said = page.run(f"{first}.querySelector('.details').textContent")
    assert "state.layers[2].weight: f32[1,2] → f32[2,2]" in said and "train.py:2" in said
    page.run(f"{first}.querySelector('.open').click()")
    assert page.run(f"{first}.querySelector('.details').hidden")
    assert page.said == []


def test_it_is_used_by_keyboard(shown, tmp_path):
    page = shown(audit_document(tmp_path))
    page.run("document.querySelector('#function-table thead button').focus()")
    page.press("Enter", 13, "\r")
    assert page.run("document.activeElement.parentElement.getAttribute('aria-sort')") == "ascending"
    page.run("document.querySelector('#function-table tbody:not([hidden]) .open').focus()")
    page.press(" ", 32, " ")
    assert page.run("document.activeElement.getAttribute('aria-expanded')") == "true"
    page.run("document.getElementById('filter').focus()")
    page.write("nothing of that name")
    assert page.run(NAMES) == []
    for _ in range(300):
        page.press("Tab", 9)
        if page.run("document.activeElement.tagName") == "SUMMARY":
            break
    opened = page.run("document.activeElement.parentElement.open")
    page.press("Enter", 13, "\r")
    assert page.run("document.activeElement.parentElement.open") is not opened
    assert page.said == []


def test_a_link_opens_what_is_folded(shown, tmp_path):
    page = shown(audit_document(tmp_path))
    assert not page.run("document.getElementById('change-3').open")
    page.run("document.querySelector('header a[href=\"#change-3\"]').click()")
    assert page.run("new Promise(done => setTimeout(() => done(document.getElementById('change-3').open), 50))")


def test_it_prints_with_everything_open(shown, tmp_path):
    page = shown(audit_document(tmp_path))
    closed = page.run("document.querySelectorAll('details:not([open])').length")
    assert closed
    page.run(
        "window.left = []; addEventListener('beforeprint', () => left.push(document.querySelectorAll('details:not([open])').length))"
    )
    printed = page.printed()
    assert printed.startswith(b"%PDF") and len(printed) > 20_000
    assert page.run("left") == [0]
    assert page.run("document.querySelectorAll('details:not([open])').length") == closed
    assert page.said == []


def test_five_thousand_compiles_load(shown, tmp_path):
    """That it takes less than a second is measured in `docs/concepts/reports.md`, not asserted here."""
    page = shown(large_document(tmp_path))
    assert len(page.run(NAMES)) == 400
    held = page.run(
        "(d => [d.compiles.flat().length, d.left])(JSON.parse(document.getElementById('compiles').textContent))"
    )
    assert held == [5000, 0]
    assert page.said == []
