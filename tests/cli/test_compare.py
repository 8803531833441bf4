"""`jaxaudit compare` as a user and CI type it."""

import json
from pathlib import Path

import jsonschema
import pytest

from evidence.records import PROGRAM, compiled, row, site, start, write
from jaxaudit.cli.main import main
from report.audit_documents import audit_document
from report.check_documents import CAPTURED, JIT_IN_LOOP, check_document
from report.run_documents import run_document

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/schema/jaxaudit-1.schema.json").read_text("utf-8"))
CHANGED = compiled("dtype", 1, ("x", "i32[]", "f32[]"))


@pytest.fixture
def kept(tmp_path, monkeypatch, capsys):
    """Saves a run as a document and gives its name."""
    monkeypatch.chdir(tmp_path)

    def save(name, *rows):
        record = write(tmp_path, *start(tmp_path), site(tmp_path), compiled(), *rows)
        assert main(["report", str(record), "--format", "json", "--output", name]) == 0
        capsys.readouterr()
        return name

    return save


def test_a_run_that_compiles_more_is_a_regression(kept, capsys):
    assert main(["compare", kept("old.json"), kept("new.json", CHANGED)]) == 1
    said = capsys.readouterr().out
    assert said.startswith("2 regressions from old.json to new.json.")
    assert "train.py:5: warning[unstable-structure]: `x` changed" in said
    assert "train.py:5: step: compiles 1 -> 2" in said


def test_the_other_way_round_it_is_better(kept, capsys):
    assert main(["compare", kept("old.json", CHANGED), kept("new.json")]) == 0
    said = capsys.readouterr().out
    assert "No regression" in said
    assert said.index("Better") < said.index("step: compiles 2 -> 1") < said.index("Findings that are gone")


def test_captured_bytes_count(kept, capsys):
    more = compiled("derived", constants_bytes=5_000_000)
    assert main(["compare", kept("old.json", compiled("derived")), kept("new.json", more)]) == 1
    assert "captured 0 bytes -> 5 MB" in capsys.readouterr().out


def test_seconds_decide_nothing(kept):
    slow = row("trace", site=1, trace_s=9.0, self_s=9.0)
    fast = row("trace", site=1, trace_s=0.1, self_s=0.1)
    assert main(["compare", kept("old.json", fast), kept("new.json", slow)]) == 0


def test_its_summary_comes_first_and_says_what_decides(kept, tmp_path):
    assert (
        main(["compare", kept("old.json"), kept("new.json", CHANGED), "--format", "json", "--output", "out.json"]) == 1
    )
    text = (tmp_path / "out.json").read_text("utf-8")
    document = json.loads(text)
    assert list(document)[:3] == ["schema", "kind", "summary"]
    sums = document["summary"]
    assert (sums["regressions"], sums["findings"], sums["worse"], sums["better"]) == (2, 1, 1, 0)
    assert sums["headline"] == "2 regressions from old.json to new.json."
    assert sums["first"][0].startswith("new findings: train.py:5: warning[unstable-structure]: `x` changed")
    assert sums["first"][1] == "worse: train.py:5: step: compiles 1 -> 2"


def test_as_json_it_passes_the_schema(kept, tmp_path):
    old, new = kept("old.json"), kept("new.json", CHANGED)
    assert main(["compare", old, new, "--format", "json", "--output", "out.json"]) == 1
    document = json.loads((tmp_path / "out.json").read_text("utf-8"))
    jsonschema.validate(document, SCHEMA)
    assert document["regressions"] == 2
    assert main(["report", "out.json", "--format", "markdown", "--output", "out.md"]) == 0
    assert "compiles 1 -> 2" in (tmp_path / "out.md").read_text("utf-8")


def test_checks(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name, findings in (("old.json", [JIT_IN_LOOP]), ("new.json", [JIT_IN_LOOP, CAPTURED])):
        Path(name).write_text(json.dumps(check_document(findings)), "utf-8")
    assert main(["compare", "old.json", "old.json"]) == 0
    assert main(["compare", "old.json", "new.json"]) == 1
    assert "captured-array" in capsys.readouterr().out


def test_a_check_and_a_run_can_not_be_compared(kept, tmp_path, capsys):
    (tmp_path / "check.json").write_text(json.dumps(check_document()), "utf-8")
    assert main(["compare", "check.json", kept("run.json")]) == 2
    assert "'check.json' is a check and 'run.json' a run" in capsys.readouterr().err


def test_compiles_are_known_by_what_they_are_not_by_their_order(kept, capsys):
    """The same two compiles, the other way round: nothing is new. Another leaf: that one is."""
    one, other = compiled("dtype", 1, ("x", "i32[]", "f32[]")), compiled("shape", 1, ("y", "f32[3]", "f32[4]"))
    third = compiled("shape", 1, ("y", "f32[4]", "f32[5]"))
    assert main(["compare", kept("old.json", one, other), kept("new.json", other, one)]) == 0
    assert "Compiled" not in capsys.readouterr().out
    main(["compare", kept("old.json", one, other), kept("new.json", third, one)])
    said = capsys.readouterr().out
    assert said.index("Compiled now and not before") < said.index("Compiled before and not now")
    assert "step: compiles" not in said


def test_a_function_that_moved_to_another_file_is_the_same(kept, tmp_path, capsys):
    elsewhere = site(tmp_path, 2, path=str(tmp_path / "moved.py"))
    (tmp_path / "moved.py").write_text(PROGRAM)
    old = kept("old.json", CHANGED)

    def at_new_place(name, *rows):
        record = write(tmp_path, *start(tmp_path), elsewhere, compiled(number=2), *rows)
        assert main(["report", str(record), "--format", "json", "--output", name]) == 0
        capsys.readouterr()
        return name

    assert main(["compare", old, at_new_place("same.json", compiled("dtype", 2, ("x", "i32[]", "f32[]")))]) == 0
    assert "step" not in capsys.readouterr().out.partition("old  new")[0]
    more = [compiled("dtype", 2, ("x", "i32[]", f"f32[{n}]")) for n in range(3)]
    assert main(["compare", old, at_new_place("more.json", *more)]) == 1
    assert "moved.py:5: step: compiles 2 -> 4" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ("max-compiles = 1", "compiles 2; the configuration allows 1"),
        ("max-recompiles = 0", "compiled again 1; the configuration allows 0"),
        ('max-constants = "2 MB"', "captured 5 MB; the configuration allows 2 MB"),
    ],
)
def test_budgets_of_the_configuration(wish, said, kept, tmp_path, capsys):
    name = kept("same.json", compiled("dtype", 1, ("x", "i32[]", "f32[]"), constants_bytes=5_000_000))
    assert main(["compare", name, name]) == 0
    capsys.readouterr()
    (tmp_path / "pyproject.toml").write_text(f"[tool.jaxaudit]\n{wish}\n")
    assert main(["compare", name, name]) == 1
    assert said in capsys.readouterr().out


def test_captured_bytes_that_the_configuration_allows_are_no_loss(kept, tmp_path, capsys):
    more = compiled("derived", constants_bytes=5_000_000)
    old, new = kept("old.json", compiled("derived")), kept("new.json", more)
    (tmp_path / "pyproject.toml").write_text('[tool.jaxaudit]\ncaptured-bytes = "6 MB"\n')
    assert main(["compare", old, new]) == 0
    assert "captured 0 bytes -> 5 MB" in capsys.readouterr().out


@pytest.fixture
def audits(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def save(name, **changes):
        Path(name).write_text(json.dumps(audit_document(tmp_path) | changes), "utf-8")
        return name

    return save


def clocks(*values):
    return [{"metric": "cpu_s", "values": list(values)}]


QUIET = (2.0, 2.1, 1.9, 2.0, 2.05)


def test_audits_gate_by_counts_and_findings(audits, tmp_path, capsys):
    old = audits("old.json")
    document = json.loads(Path(old).read_text("utf-8"))
    document["functions"][0]["compiles"] += 1
    document["findings"].append(document["findings"][0] | {"fingerprint": f"{1:016x}-00000000", "status": "run only"})
    document["findings"].append(document["findings"][0] | {"fingerprint": f"{2:016x}-00000000", "status": "cleared"})
    Path("new.json").write_text(json.dumps(document), "utf-8")
    assert main(["compare", old, old]) == 0
    assert main(["compare", old, "new.json", "--format", "json", "--output", "out.json"]) == 1
    made = json.loads(Path("out.json").read_text("utf-8"))
    jsonschema.validate(made, SCHEMA)
    assert len(made["findings"]) == 1 and sum(one["worse"] for one in made["changes"]) == 1


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (QUIET, (3.0, 3.1, 2.9, 3.0, 3.05), 1),
        (QUIET, QUIET, 0),
        (QUIET, (3.0, 3.1, 2.9), 0),  # too few runs for an interval
        (QUIET, (2.1, 2.2, 2.0, 2.1, 2.15), 0),  # less than two sittings differ by themselves
        ((1.0, 9.0, 2.0, 8.0, 3.0), (9.0, 1.5, 8.0, 7.0, 2.0), 0),  # the interval holds 1
    ],
)
def test_a_clock_gates_only_with_an_interval(old, new, code, audits):
    assert main(["compare", audits("old.json", clocks=clocks(*old)), audits("new.json", clocks=clocks(*new))]) == code


def test_a_clock_of_another_machine_is_shown_and_decides_nothing(audits, tmp_path, capsys):
    old = audits("old.json", clocks=clocks(*QUIET))
    here = json.loads(Path(old).read_text("utf-8"))["environment"]
    new = audits("new.json", clocks=clocks(*(4 * value for value in QUIET)), environment=here | {"cores": 64})
    assert main(["compare", old, new]) == 0
    assert "another machine, so it decides nothing" in " ".join(capsys.readouterr().out.split())


def test_verdicts_that_changed_are_told(audits, capsys):
    old = audits("old.json")
    document = json.loads(Path(old).read_text("utf-8"))
    document["outcomes"][0] |= {"verdict": "drop", "reason": {"code": "slower", "text": "slower by half"}}
    Path("new.json").write_text(json.dumps(document), "utf-8")
    assert main(["compare", old, "new.json"]) == 0
    assert "Hand `optics` in as an argument of `step`: keep -> drop: slower by half" in " ".join(
        capsys.readouterr().out.split()
    )


def test_a_run_and_an_audit_share_their_run(audits, kept, tmp_path):
    audit = audits("audit.json")
    run = run_document(tmp_path)
    Path("run.json").write_text(json.dumps(run), "utf-8")
    assert main(["compare", "run.json", audit]) == 0
    run["functions"][0]["compiles"] -= 1
    Path("run.json").write_text(json.dumps(run), "utf-8")
    assert main(["compare", "run.json", audit]) == 1
