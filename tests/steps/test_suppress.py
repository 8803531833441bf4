import pytest

from fake_engine import UNUSED, fake_rules
from jaxaudit.model import Finding, Place
from jaxaudit.steps.suppress import apply, suppressions, unused

RULES = fake_rules()


def finding(line: int, end_line: int = 0, rule: str = "jit-in-loop") -> Finding:
    return Finding(rule, "", "", "warning", 1.0, Place("a.py", line, 1, end_line or line, 9))


def left(source: str, *findings: Finding) -> list[Finding]:
    return apply(findings, {"a.py": suppressions("a.py", source.encode())}, RULES)


@pytest.mark.parametrize(
    "comment",
    [
        "# jaxaudit: allow jit-in-loop",
        "# jaxaudit:allow jit-in-loop",
        "#jaxaudit: allow jit-in-loop -- the loop is short",
        "# jaxaudit: allow jit-in-loop (the loop is short)",
        "# jaxaudit: allow key-reuse, jit-in-loop",
        "# jaxaudit: allow key-reuse jit-in-loop",
        "# noqa: E501  # jaxaudit: allow jit-in-loop  # type: ignore",
        "# jaxaudit: allow loop-jit",
        "# jaxaudit: allow boundaries",
    ],
)
def test_ways_to_write_it(comment: str) -> None:
    assert left(f"x = f()  {comment}\n", finding(1)) == []


@pytest.mark.parametrize(
    "line",
    [
        "x = '# jaxaudit: allow jit-in-loop'",
        '"""# jaxaudit: allow jit-in-loop"""',
        "x = f()  # jaxaudit: allow key-reuse",
        "x = f()  # jaxaudit: allow",
        "x = f()  # jaxaudit: ignore jit-in-loop",
        "x = f()  # see jaxaudit, allow jit-in-loop",
    ],
)
def test_what_allows_nothing(line: str) -> None:
    assert left(f"{line}\n", finding(1)) == [finding(1)]


def test_on_the_line_and_on_no_other() -> None:
    source = "a = f()\nb = f()  # jaxaudit: allow jit-in-loop\nc = f()\n"
    assert left(source, finding(1), finding(2), finding(3)) == [finding(1), finding(3)]


STATEMENT = """\
x = f({first}
    g(),{inner}
    h(),
){last}
"""


@pytest.mark.parametrize(
    ("where", "lines"), [("first", []), ("last", []), ("inner", [1, 3])], ids=["first line", "last line", "inside"]
)
def test_a_statement_of_several_lines(where: str, lines: list[int]) -> None:
    words = {"first": "", "inner": "", "last": ""} | {where: "  # jaxaudit: allow jit-in-loop"}
    kept = left(STATEMENT.format(**words), finding(1), finding(2), finding(3))
    assert [one.place.line for one in kept] == lines


def test_alone_on_its_line_it_speaks_for_the_next_statement() -> None:
    source = "a = f()\n# jaxaudit: allow jit-in-loop -- why\n\nb = f(\n    g())\nc = f()\n"
    kept = left(source, finding(1), finding(4), finding(5), finding(6))
    assert [one.place.line for one in kept] == [1, 6]


def test_a_long_range_is_not_allowed_from_inside() -> None:
    source = "def f():\n    a = 1\n    b = 2  # jaxaudit: allow jit-in-loop\n    return a\n"
    assert left(source, finding(1, 4)) == [finding(1, 4)]


def test_allow_file() -> None:
    assert left("# jaxaudit: allow-file jit-in-loop\na = 1\nb = 2\n", finding(2), finding(3)) == []


def test_a_file_that_does_not_tokenize_keeps_what_came_before() -> None:
    assert left("x = f()  # jaxaudit: allow jit-in-loop\ny = (\n", finding(1)) in ([], [finding(1)])


def sentences(source: str, *findings: Finding, selected: frozenset[str] = frozenset(RULES)) -> list[str]:
    marks = suppressions("a.py", source.encode())
    apply(findings, {"a.py": marks}, RULES)
    return [one.message for one in unused(marks, RULES, selected)]


def test_a_used_comment_is_not_reported() -> None:
    assert sentences("x = f()  # jaxaudit: allow jit-in-loop\n", finding(1)) == []


@pytest.mark.parametrize(
    ("comment", "sentence"),
    [
        ("allow key-reuse", "this suppression is not needed: no finding of 'key-reuse' stands here"),
        ("allow-file key-reuse", "this suppression is not needed: no finding of 'key-reuse' stands in this file"),
        ("allow key-resue", "it names 'key-resue', which is no rule; did you mean 'key-reuse'?"),
        ("allow", "`jaxaudit: allow` names no rule, so it allows nothing"),
        ("ignore key-reuse", "`jaxaudit: ignore` means nothing; write `jaxaudit: allow RULE`"),
    ],
)
def test_the_words_about_an_unused_one(comment: str, sentence: str) -> None:
    (said,) = sentences(f"x = f()  # jaxaudit: {comment}\n", finding(1))
    assert sentence in said


def test_half_used() -> None:
    (said,) = unused_findings("x = f()  # jaxaudit: allow jit-in-loop, key-reuse\n", finding(1))
    assert said.facts["needed"] == ["jit-in-loop"]
    assert said.help == "leave only jit-in-loop in the comment"


def unused_findings(source: str, *findings: Finding) -> list[Finding]:
    marks = suppressions("a.py", source.encode())
    apply(findings, {"a.py": marks}, RULES)
    return list(unused(marks, RULES, frozenset(RULES)))


def test_silent_about_rules_that_were_not_looked_for() -> None:
    assert sentences("x = f()  # jaxaudit: allow key-reuse\n", selected=frozenset({"jit-in-loop"})) == []
    assert sentences("x = f()  # jaxaudit: allow needs-run\n") == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = f()  # jaxaudit: allow key-reuse -- why\ny = 1\n", "x = f()\ny = 1\n"),
        ("x = f()  # jaxaudit: allow key-reuse", "x = f()"),
        ("x = f()  # jaxaudit: allow key-reuse (why)  # noqa\n", "x = f()  # noqa\n"),
        ("x = f()  # noqa  # jaxaudit: allow key-reuse\n", "x = f()  # noqa\n"),
        ("if x:\n    # jaxaudit: allow key-reuse\n    y = 1\n", "if x:\n    y = 1\n"),
        ("x = 1\n# jaxaudit: allow key-reuse", "x = 1\n"),
        (
            "x = f()  # jaxaudit: allow jit-in-loop, key-reuse -- why\n",
            "x = f()  # jaxaudit: allow jit-in-loop -- why\n",
        ),
        ("é = 'ü'  # jaxaudit: allow key-reuse\r\ny = 1\r\n", "é = 'ü'\r\ny = 1\r\n"),
    ],
)
def test_the_fix_removes_what_is_not_needed(before: str, after: str) -> None:
    edits = pytest.importorskip("jaxaudit.edits")
    mend = UNUSED.mend
    assert mend is not None
    (said,) = unused_findings(before, finding(1))
    source = edits.SourceText.from_text("a.py", before)
    assert source.edited(mend(said, source)).text == after
