"""The whole study of a package small enough for a test, in processes of its own."""

import json
from pathlib import Path

import jsonschema
import pytest

from jaxaudit_cases.coronagraph.package.make import Recipe
from jaxaudit_cases.coronagraph.study.study import Study, studied
from jaxaudit_cases.coronagraph.study.words import markdown, terminal

SCHEMA = json.loads((Path(__file__).parents[4] / "docs/schema/jaxaudit-1.schema.json").read_text("utf-8"))
CUBE = 17 * 17 * 32 * 32 * 4


@pytest.mark.slow
def test_a_small_study_measures_what_the_variants_promise(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    variants = ("closed-over", "as-argument", "factored")
    study = Study("tiny", Recipe(pixels=32), Path("seen.png"), variants, frames=3, cache=tmp_path / "kept")
    document = studied(study)
    jsonschema.validate(document, SCHEMA)
    assert (tmp_path / "seen.png").read_bytes().startswith(b"\x89PNG")
    rows = {row["variant"]: row for row in document["rows"]}
    assert [row["status"] for row in rows.values()] == ["measured"] * 3, rows
    assert CUBE <= rows["closed-over"]["captured_bytes"] < 1.2 * CUBE
    assert rows["as-argument"]["captured_bytes"] < 0.05 * CUBE
    assert all(row["steady"]["frames"] == 3 for row in rows.values())
    assert all(row["first_call"]["wall_s"]["compile"] > 0 for row in rows.values())
    for text in (terminal(document, 80), markdown(document)):
        assert "closed over" in text and "seen.png" in text
    assert max(map(len, terminal(document, 80).splitlines())) <= 80
