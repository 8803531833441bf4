import pytest

from jaxaudit.model import Place, Unread
from jaxaudit.report.markdown import cell, code, escaped, markdown
from report.check_documents import CAPTURED, FUNCTION, JIT_IN_LOOP, UNSURE, check_document, finding


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a <b> & c", r"a \<b> &amp; c"),
        ("`keep <this>` not *that*", r"`keep <this>` not \*that\*"),
        ("float32[3]", "float32[3]"),
        ("1 -> 2 of JAX_PLATFORMS, ~5", "1 -> 2 of JAX_PLATFORMS, ~5"),
        ("> a quote", r"\> a quote"),
        ("[a](b) ![a](b) [a][b] [a]: b", r"[a\](b) ![a\](b) [a\][b] [a\]: b"),
        ("_a_ __b__ ~~c~~", r"\_a\_ \_\_b\_\_ \~~c\~~"),
        ("# no\nheading", r"\# no heading"),
        ("a | b", r"a \| b"),
        ("one ` tick", r"one \` tick"),
        ("<script>alert(1)</script>", r"\<script>alert(1)\</script>"),
    ],
)
def test_text_is_shown_as_it_is(text: str, shown: str) -> None:
    assert escaped(text) == shown


def test_code_with_ticks() -> None:
    assert code("a`b") == "``a`b``"
    assert code("`a") == "`` `a ``"
    assert cell("a|b") == "`a\\|b`"


def test_a_fence_is_longer_than_any_in_the_source() -> None:
    one = finding(Place("a.py", 1, 1, 1, 5))
    text = markdown(check_document([one], files={"a.py": 'x = "````"\n'}))
    assert "`````text" in text


def test_the_report() -> None:
    document = check_document(
        [JIT_IN_LOOP, CAPTURED, UNSURE], functions=[FUNCTION], unread=[Unread("b.py", "it is <odd>")]
    )
    text = markdown(document, statistics=True)
    assert text.startswith("# jaxaudit check\n\nFound 1 error, 1 warning in 3 files (0.8 s).\n")
    assert r"- `b.py`: it is \<odd>" in text
    assert "| `captured-array` | 1 | 0 |" in text
    assert "| `fit.step` | `train.py:9` | `jit` | `n` | `state` | `fit (train.py:10)` |" in text
    assert "## error: captured-array in `train.py`, line 9" in text
    assert "**Fix** (safe): move the jit above the loop" in text
    assert "unstable-structure" not in text.split("## ", 1)[1]
    assert "1 more would have to be settled by a run: `jaxaudit check --unsure` shows it." in text
    assert "unstable-structure in" in markdown(document, unsure=True)
