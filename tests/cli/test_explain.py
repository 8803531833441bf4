import io
import json
import sys

import pytest

from fake_engine import Project
from jaxaudit.cli.main import main
from jaxaudit.report.page import rule_table
from jaxaudit.steps.explain import all_rules


def said(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str]:
    code = main(list(argv))
    return code, capsys.readouterr().out


def test_a_rule_has_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    code, out = said(capsys, "explain", "unused-suppression")
    assert code == 0
    assert out.startswith("unused-suppression (suppressions, warning)\n")
    assert "\nDon't\n    step = jax.jit(update)  # jaxaudit: allow" in out
    assert "\nWhy\n  A comment that allows" in out
    assert max(map(len, out.splitlines())) <= 80


def test_a_page_shows_an_example_and_what_to_do_next(capsys: pytest.CaptureFixture[str]) -> None:
    out = said(capsys, "explain", "unused-suppression")[1]
    assert "\nAn example with the fault\n    import jax\n" in out
    assert "\n  > step = jax.jit(update)  # jaxaudit: allow" in out
    assert "# fault" not in out
    assert out.endswith(
        "\nNext\n    $ jaxaudit check --unsure --select unused-suppression .\n"
        "    $ jaxaudit explain unused-suppression --here\n    $ jaxaudit fix --select unused-suppression .\n"
    )


def test_an_unknown_message_says_so_and_names_the_nearest_rules(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out = said(capsys, "explain", "FooError: something about the fault jit-in-loop here")
    assert code == 1
    assert out.startswith("next: jaxaudit does not know this message.")
    assert "\nPerhaps\n" in out
    assert "jit-in-loop" in out
    code, out = said(capsys, "explain", "Segmentation fault (core dumped)")
    assert code == 1
    assert "Perhaps" not in out


def test_a_family_is_listed(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = said(capsys, "explain", "boundaries")
    assert code == 0
    assert "jit-in-loop" in out
    assert "jit-per-call" in out


@pytest.mark.parametrize("words", ["jit-in-loop", "JIT-IN-LOOP", "jit_in_loop", "jit in loop", " jit-in-loop "])
def test_a_rule_however_it_is_spelled(project: Project, capsys: pytest.CaptureFixture[str], words: str) -> None:
    assert said(capsys, "explain", words)[1].startswith("jit-in-loop (boundaries")
    assert said(capsys, "explain", *words.split())[1].startswith("jit-in-loop (boundaries")


@pytest.mark.parametrize("words", ["jit-in-loop key-reuse", "jit-in-loop, key-reuse"])
def test_several_rules(project: Project, capsys: pytest.CaptureFixture[str], words: str) -> None:
    code, out = said(capsys, "explain", words)
    assert code == 0
    assert out.index("jit-in-loop") < out.index("key-reuse")
    assert "cause" not in out


def test_the_start_of_names(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert "jit-per-call" in said(capsys, "explain", "jit")[1]


def test_a_message_from_standard_input(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        sys, "stdin", io.StringIO('File "a.py"\nKeyReuseError: Previously-consumed key passed to `f`\n')
    )
    code, out = said(capsys, "explain", "-")
    assert code == 0
    assert out.startswith("cause: The same random key was used twice")
    assert "`jaxaudit explain key-reuse` tells more." in out
    assert "Don't" not in out


def test_nothing_to_explain(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", " "]) == 2
    assert capsys.readouterr().err.startswith("jaxaudit: name a rule, or paste a message")


def test_an_old_name_finds_the_rule(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert "jit-in-loop (boundaries" in said(capsys, "explain", "loop-jit")[1]


def test_a_message_is_explained_with_the_next_command(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = said(
        capsys, "explain", "KeyReuseError: Previously-consumed key passed to jit-compiled function at index 0"
    )
    assert code == 0
    assert "cause: The same random key was used twice" in out
    assert "jaxaudit check --unsure --select key-reuse ." in out


def test_a_message_may_be_pasted_without_quotes(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert "cause: " in said(capsys, "explain", "Previously-consumed", "key", "passed")[1]


def test_rules(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = said(capsys, "rules")
    assert code == 0
    assert "boundaries\n  jit-in-loop" in out
    code, out = said(capsys, "rules", "--format", "json")
    assert {rule["name"] for rule in json.loads(out)["rules"]} == set(project.rules)


@pytest.mark.parametrize("columns", [40, 80, 110])
def test_the_table_of_rules_fits_and_is_whole(columns: int) -> None:
    rules = all_rules()
    lines = rule_table(rules, columns).splitlines()
    assert max(map(len, lines)) <= columns
    shown = "".join("".join(lines).split())
    assert all("".join(rule["title"].split()) in shown for rule in rules)


def test_every_document_says_what_it_is(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    for argv in (["rules"], ["explain", "key-reuse"], ["explain", "Segmentation fault (core dumped)"]):
        document = json.loads(said(capsys, *argv, "--format", "json")[1])
        assert (document["schema"], document["kind"]) == ("jaxaudit/1", argv[0])


def test_here_runs_the_examples(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The real rules on the JAX of this environment."""
    pytest.importorskip("jax")
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    code, out = said(capsys, "explain", "jit-in-loop", "--here", "--python", sys.executable)
    assert code == 0
    assert "\nOn JAX " in out
    assert "(--python)" in " ".join(out.split())
    assert "holds" in out


def test_python_is_for_here(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "key-reuse", "--python", "python3"]) == 2
    assert capsys.readouterr().err == "jaxaudit: --python is for --here, which runs the examples\n"
