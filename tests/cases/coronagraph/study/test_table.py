"""Rows that fit, that don't, and that die; and what of it is printed."""

import json
from pathlib import Path

import pytest

from jaxaudit.cli.main import main
from jaxaudit_cases.choices import VARIANTS, cube_bytes
from jaxaudit_cases.coronagraph.complaints import BadInput
from jaxaudit_cases.coronagraph.package.make import Recipe
from jaxaudit_cases.coronagraph.study import packages, words
from jaxaudit_cases.coronagraph.study.child import Died, asked, ending
from jaxaudit_cases.coronagraph.study.study import Study, studied
from jaxaudit_cases.coronagraph.study.table import Wanted, environment_of, lacking, measured_row

LARGE = Wanted(Path("nowhere"), 256)


def run(seconds: float) -> dict:
    """A row's process answered."""
    stages = {"trace": 0.1, "lower": 0.2, "compile": seconds, "run": 0.3}
    clock = {**stages, "all": sum(stages.values())}
    frame = {"median": 11.6, "deviation": 0.4, "values": [11.6]}
    return {
        "status": "measured",
        "first_call": {"wall_s": clock, "cpu_s": clock, "peak_bytes_over_inputs": 210_000_000},
        "steady": {"frames": 20, "wall_ms": frame, "cpu_ms": frame},
        "captured_bytes": 17_942_080,
        "device": {"kind": "cpu"},
    }


def answers(module: str, function: str, wanted: dict, environment: dict, tick: object) -> dict:
    """Instead of processes."""
    if function == "looked":
        rates = [{"source": "star", "title": "star (leak)", "photons_per_s": 13.9, "share": 1.0}]
        return {"rates": rates, "photons_per_s": 13.9, "electrons": {"sum": 106145.0, "brightest_pixel": 163.0}}
    if wanted["variant"] == "folded":
        raise Died("killed by SIGKILL, as the system does when memory runs out")
    if wanted["variant"] == "factored":
        raise KeyboardInterrupt
    return run(8.0 if wanted["variant"] == "closed-over" else 1.0)


def document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict:
    monkeypatch.setattr("jaxaudit_cases.coronagraph.study.study.package_of", lambda *given: tmp_path)
    monkeypatch.setattr("jaxaudit_cases.coronagraph.study.study.make_factors", lambda *given: None)
    study = Study("small", Recipe(), tmp_path / "image.png")
    return studied(study, available=lambda: 10**12, ask=answers)


def test_sizes_are_those_of_the_published_cubes() -> None:
    assert [cube_bytes(pixels) for pixels in (64, 256)] == [17_842_176, 4_362_338_304]


def test_what_does_not_fit_is_not_run() -> None:
    row = measured_row(LARGE, VARIANTS["closed-over"], lambda: None, lambda: 12_000_000_000)
    assert row["status"] == "skipped"
    assert row["why"] == "it needs about 20.3 GB of memory, 4.5 times the cube, and 12.0 GB are free"


def test_where_nobody_knows_it_is_tried() -> None:
    assert lacking(LARGE, VARIANTS["closed-over"], None) == ""
    assert lacking(LARGE, VARIANTS["as-argument"], 12_000_000_000) == ""


def test_a_setting_of_one_variant_does_not_reach_another() -> None:
    assert environment_of(VARIANTS["simplified"]) == {"JAX_USE_SIMPLIFIED_JAXPR_CONSTANTS": "true"}
    assert environment_of(VARIANTS["closed-over"]) == {"JAX_USE_SIMPLIFIED_JAXPR_CONSTANTS": "false"}


def test_a_document_has_every_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = json.loads(json.dumps(document(tmp_path, monkeypatch)))
    assert (made["schema"], made["kind"], made["case"]) == ("jaxaudit/1", "case", "coronagraph")
    assert [row["variant"] for row in made["rows"]] == list(VARIANTS)
    assert [row["status"] for row in made["rows"]] == ["measured"] * 3 + ["died", "interrupted"]
    assert made["interrupted"]


def test_the_table_fits_80_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = document(tmp_path, monkeypatch)
    lines = words.terminal({**made, "image": "image.png"}, 80).splitlines()
    assert max(map(len, lines)) <= 80
    table = lines[lines.index(words.heads_line()) :]
    assert table[2] == "closed over          0.10  0.20    8.00  0.30  8.60 11.6 ± 0.40     17.9    210"
    assert "folded               died: killed by SIGKILL, as the system does when memory" in table
    assert "Closed over, the first call takes 5.4 times as long as with the optical path as" in table


def test_markdown_has_a_cell_for_each_column(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = words.markdown(document(tmp_path, monkeypatch))
    rows = [line for line in text.splitlines() if line.startswith("| ") and "photons" not in line]
    assert {line.count(" |") for line in rows if "closed" in line or "folded" in line} == {9}


def test_a_kept_table_is_shown_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made, kept = document(tmp_path, monkeypatch), tmp_path / "table.json"
    kept.write_text(json.dumps(made))
    assert main(["report", str(kept)]) == 0
    assert capsys.readouterr().out == words.terminal(made, 80)
    assert main(["report", str(kept), "--format", "markdown"]) == 0
    assert capsys.readouterr().out == words.markdown(made)
    assert main(["report", str(kept), "--format", "html"]) == 2
    assert "a case has no html: there are terminal, json, markdown" in capsys.readouterr().err
    assert main(["compare", str(kept), str(kept)]) == 2
    assert "they can't be compared" in capsys.readouterr().err


def test_a_process_that_fails_says_so() -> None:
    with pytest.raises(Died, match=r"ended with code 1: ModuleNotFoundError: No module named 'nothing_such'"):
        asked("nothing_such", "measured", {}, {}, lambda: None)


def test_a_killed_process_is_named() -> None:
    assert ending(-9, "") == "killed by SIGKILL, as the system does when memory runs out"
    assert ending(-11, "") == "killed by SIGSEGV"


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 2_000_000_000})())
    with pytest.raises(BadInput, match=r"where 2\.00 GB are free: the package needs 4\.82 GB"):
        packages.package_of(packages.recipe_of_size("large"), tmp_path / "cache")


def test_a_size_that_is_none_is_named() -> None:
    with pytest.raises(BadInput, match="size is 'huge': wanted one of small, mid, medium, large"):
        packages.recipe_of_size("huge")
