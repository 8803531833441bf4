"""The document of a run: it passes the schema, and configuration and comments count as they do for a check."""

import json
from pathlib import Path

import jsonschema
import pytest

from evidence.records import PROGRAM, at, compiled, row, site, start, write
from jaxaudit.model.mistake import Mistake
from jaxaudit.steps.run import observed

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/schema/jaxaudit-1.schema.json").read_text("utf-8"))


@pytest.fixture
def everything(tmp_path, monkeypatch):
    """A record with a line of each kind."""
    monkeypatch.chdir(tmp_path)
    held = {
        "shape": [1000, 1000],
        "dtype": "float32",
        "bytes": 4_000_000,
        "how": "global",
        "at": at(tmp_path, 6, "step"),
    }
    argument = {"name": "scale", "kinds": ["float"], "values": "few", "distinct": 2, "tracer": False, "bytes": 8}
    return write(
        tmp_path,
        *start(tmp_path),
        site(tmp_path, static=["scale"]),
        row("trace", site=1, trace_s=0.1, self_s=0.1, api="call", outer=None, at=at(tmp_path, 11), cause=None),
        row("program", site=1, equations=900, lines=[{**at(tmp_path, 11), "equations": 800}]),
        compiled(at=at(tmp_path, 11)),
        compiled("static-value", 1, ("scale", "1.0", "2.0"), at=at(tmp_path, 15)),
        row("constant", site=1, holder="table", leaf="", **held),
        row("sync", **at(tmp_path, 12), how="float", count=60, blocked=60, seconds=0.4, bytes=4, loop=True),
        row("keys", site=1, key="key", first=at(tmp_path, 11), again=at(tmp_path, 12), how="normal", times=2),
        row("donation", site=1, wasted=["state"], missed=[]),
        row("fold", site=1, seconds=2.0, text="slow"),
        row("calls", site=1, calls=60, sampled=40, tracer_calls=0, arguments=[argument]),
        row("jitted", name="render", path=str(tmp_path / "train.py"), line=9, wrapper="jit", at=at(tmp_path, 9)),
        row("begin", work=9, stage="compile", site=1, at=at(tmp_path, 11), cause=None, constants_bytes=8, thread=1),
        row("note", text="causes are not available on JAX 9.9"),
        end="signal 9",
    )


def validated(document):
    jsonschema.validate(document, SCHEMA)
    return json.loads(json.dumps(document))


def test_the_document_whole(everything):
    document = validated(observed(everything))
    assert document["kind"] == "run"
    assert {one["rule"] for one in document["findings"]} == {
        "varying-static", "captured-array", "folded-constant", "host-sync-in-loop", "key-reuse", "donated-reuse",
        "unrolled-loop",
    }  # fmt: skip
    assert all(one["source"] == "run" for one in document["findings"])
    assert document["environment"]["jax"] == "0.10.2"
    assert document["notes"] == ["causes are not available on JAX 9.9"]
    assert document["summary"]["compiles"] == 2
    assert document["summary"]["recompile_s"] == 1.0
    assert document["compiles"][1]["cause"]["changes"] == [
        {"leaf": "scale", "was": "1.0", "now": "2.0", "what": "static-value"}
    ]
    assert [(one["function"], one["stage"], one["ended"]) for one in document["unfinished"]] == [
        ("step", "compile", "signal 9")
    ]
    assert [(one["name"], one["line"]) for one in document["never_called"]] == [("render", 9)]
    assert document["summary"]["jitted"] == 1
    assert document["syncs"][0]["in_loop_of"] == {"path": "train.py", "line": 10, "function": "fit"}
    assert set(document["rules"]) == {one["rule"] for one in document["findings"]}


def test_the_schema_can_fail(everything):
    document = observed(everything)
    document["compiles"][0]["cache"] = "perhaps"
    with pytest.raises(jsonschema.ValidationError):
        validated(document)
    document = observed(everything)
    del document["constants"]
    with pytest.raises(jsonschema.ValidationError):
        validated(document)


def test_places_have_columns_and_source_lines(everything):
    (one,) = [one for one in observed(everything)["findings"] if one["rule"] == "host-sync-in-loop"]
    assert (one["line"], one["column"], one["end_column"]) == (12, 9, 32)
    assert [entry["text"] for entry in one["snippet"]] == ["        loss = float(out.sum())"]


def test_fingerprints_do_not_move_with_lines(everything, tmp_path):
    before = {one["rule"]: one["fingerprint"] for one in observed(everything)["findings"]}
    (tmp_path / "train.py").write_text(PROGRAM.replace("        loss = float", "        loss  =  float"), "utf-8")
    after = {one["rule"]: one["fingerprint"] for one in observed(everything)["findings"]}
    assert after == before


def test_a_comment_allows_a_finding(everything, tmp_path):
    allowed = PROGRAM.replace("float(out.sum())", "float(out.sum())  # jaxaudit: allow host-sync-in-loop")
    (tmp_path / "train.py").write_text(allowed, "utf-8")
    document = observed(everything)
    assert "host-sync-in-loop" not in {one["rule"] for one in document["findings"]}
    assert document["summary"]["suppressed"] == 1


def test_rules_are_chosen_as_for_a_check(everything, tmp_path):
    assert {one["rule"] for one in observed(everything, select=["transfers"])["findings"]} == {
        "host-sync-in-loop",
        "donated-reuse",
    }
    (tmp_path / "pyproject.toml").write_text('[tool.jaxaudit]\nignore = ["captures"]\n', "utf-8")
    assert not {"captured-array", "folded-constant"} & {one["rule"] for one in observed(everything)["findings"]}
    with pytest.raises(Mistake, match="no rule 'jit-in-lop'"):
        observed(everything, ignore=["jit-in-lop"])


def test_the_budget_of_captures(everything, tmp_path):
    (tmp_path / "pyproject.toml").write_text('[tool.jaxaudit]\ncaptured-bytes = "8MiB"\n', "utf-8")
    rules = {one["rule"] for one in observed(everything)["findings"]}
    assert "captured-array" not in rules
    assert "folded-constant" in rules, "what XLA folds slowly is slow whatever its size"


def test_a_rule_that_fails_is_named(everything, monkeypatch):
    from jaxaudit.rules.random_numbers import key_reuse

    monkeypatch.delenv("JAXAUDIT_DEBUG", raising=False)
    monkeypatch.setattr("jaxaudit.rules.random_numbers.key_reuse_seen.often", None)
    assert key_reuse.RULE.observe is not None
    document = validated(observed(everything))
    assert document["faults"] == [{"rule": "key-reuse", "text": "TypeError: 'NoneType' object is not callable"}]
    assert len(document["findings"]) == 6


def test_a_source_that_is_gone(everything, tmp_path):
    (tmp_path / "train.py").unlink()
    document = validated(observed(everything))
    assert document["findings"]
    assert all(one["snippet"] == [] for one in document["findings"])


def test_no_record(tmp_path):
    with pytest.raises(Mistake, match="holds no record"):
        observed(tmp_path)


UNHASHABLE = (
    "Non-hashable static arguments are not supported. An error occurred while trying to hash an object of type "
    "<class '__main__.Config'>, Config(n=8). The error was:\nTypeError: unhashable type: 'Config'\n"
)


def failed(folder, text, **more):
    error = {"type": "ValueError", "module": "builtins", "text": text, "at": at(folder, 11), "names": ["config"]}
    return row("error", **(error | more))


def test_an_error_that_ended_the_program_is_a_finding_of_its_rule(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    document = validated(observed(write(tmp_path, *start(tmp_path), failed(tmp_path, UNHASHABLE), end="exception")))
    (one,) = document["findings"]
    assert (one["rule"], one["line"], one["function"], one["severity"]) == ("unhashable-static", 11, "fit", "error")
    assert one["message"].startswith(
        "`config`: the program ended at `out = step(state, 1.0)` with ValueError: Non-hash"
    )
    assert one["help"]
    assert document["processes"][0]["error"].startswith("ValueError: Non-hashable")


def test_an_error_of_the_programs_own_is_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    record = write(tmp_path, *start(tmp_path), failed(tmp_path, "no data in 'x.csv'"), end="exception")
    assert observed(record)["findings"] == []


def test_the_projects_own_packages_are_the_users_where_they_are_installed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "orbits"\n', "utf-8")
    for package in ("orbits", "models"):
        (tmp_path / "src" / package).mkdir(parents=True)
        (tmp_path / "src" / package / "__init__.py").touch()
    places = {"orbits": "orbits/fit.py", "flax": "flax/models/fit.py"}
    sites = [
        site(tmp_path, number, f"fit_{name}", path=f"/env/lib/python3.12/site-packages/{path}")
        for number, (name, path) in enumerate(places.items(), 1)
    ]
    document = observed(write(tmp_path, *start(tmp_path), *sites, compiled(number=1), compiled(number=2)))
    assert {one["name"]: one["library"] for one in document["functions"]} == {"fit_orbits": None, "fit_flax": "flax"}


def test_the_line_that_committed_is_in_the_document(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    again = compiled("committed", 1, ("state", "device 0, not committed", "device 0, committed"), at=at(tmp_path, 15))
    again["cause"]["changes"][0]["put"] = {**at(tmp_path, 11), "how": "device_put"}
    document = validated(observed(write(tmp_path, *start(tmp_path), site(tmp_path), compiled(), again)))
    put = {"path": "train.py", "line": 11, "function": "fit", "how": "device_put"}
    assert document["compiles"][1]["cause"]["changes"][0]["put"] == put
