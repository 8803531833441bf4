"""An audit in a terminal: whole at 80 columns, wider, narrower, in colour and without."""

import re

import pytest

from jaxaudit.report.audit_terminal import audit_summary, plan_table
from jaxaudit.report.paint import coloured
from jaxaudit.report.text_width import width
from report.audit_documents import audit_document
from report.large_documents import hostile_document
from report.test_terminal import same_as


@pytest.fixture
def document(tmp_path):
    return audit_document(tmp_path)


def test_the_summary(document):
    same_as("audit.txt", audit_summary(document))


def test_the_plan(document):
    same_as("audit_plan.txt", plan_table(document))


@pytest.mark.parametrize("columns", [60, 80, 110])
def test_no_line_is_longer_than_the_terminal(document, columns):
    assert max(map(width, audit_summary(document, columns).splitlines())) <= columns


def test_colours_add_nothing_but_colours(document):
    painted = audit_summary(document, paint=coloured)
    assert "\x1b[1m" in painted
    assert re.sub(r"\x1b\[[\d;]*m", "", painted) == audit_summary(document)


def test_no_name_commands_the_terminal(tmp_path):
    text = audit_summary(hostile_document(tmp_path, "\x1b[2J\x07\u202eevil"))
    assert not set("\x1b\x07\u202e") & set(text)


def test_whose_values_were_compared_stands_once_where_it_is_the_same_for_all_that_is_kept(document):
    kept, second, *_ = document["outcomes"]
    assert audit_summary(document).count("values compared of `step`") == 1
    second |= {"verdict": "keep", "values": kept["values"]}
    assert audit_summary(document).count("values compared of `step`") == 1
    second["values"] = "values not compared: it returns nothing"
    assert audit_summary(document).count("values compared of `step`") == 1
    assert "values not compared: it returns nothing" in audit_summary(document)


def test_how_several_kept_changes_were_tried_is_said_as_it_was(document):
    def said():
        return "\n".join(audit_summary(document).splitlines())

    first, _, second, _ = document["outcomes"]
    second |= {"verdict": "keep", "outputs": first["outputs"], "difference": ""}
    assert "2, each tried alone and together; " in said()
    setting = document["proposals"][2]["setting"]
    document["proposals"][2]["setting"] = {"env": {"JAX_COMPILATION_CACHE_DIR": "cache"}}
    assert "2, each tried with those before it; " in said()
    document["proposals"][2]["setting"] = setting
    first["reason"]["code"] = "completes"
    assert "2, each tried with those before it; " in said()
    second["outputs"] = "rounding-amplified"
    assert "2, each tried with those before it\n" in said()


def test_nothing_kept_is_said_with_its_reason(document):
    for outcome in document["outcomes"]:
        outcome["verdict"] = "drop"
    document["summary"] |= {"kept": 0}
    text = " ".join(audit_summary(document).split())
    assert "Nothing is kept: no change that was tried left the program as it is and made it measurably better." in text
    assert "KEPT" not in text


def test_what_was_not_tried_for_one_reason_says_it_once(document):
    for outcome in document["outcomes"]:
        outcome |= {"verdict": "undecided", "outputs": "not-compared"}
        outcome["reason"] = {"code": "not-tried", "text": "not tried: the time was up"}
    text = audit_summary(document)
    assert "NOT TRIED  4: the time was up" in text
    assert text.count("the time was up") == 1


def test_how_large_a_slowdown_would_have_been_seen(document):
    """A count decided, and the clock stayed within its noise."""
    for one in document["outcomes"][0]["measured"]:
        if one["metric"] == "cpu_s":
            one |= {"low": 0.93, "high": 1.07, "pairs": 10}
    text = " ".join(audit_summary(document).split())
    assert (
        "CPU time of a run did not move (0.93 to 1.07 of it, 10 pairs): more than 7% slower would have been seen"
        in text
    )


def test_a_static_argument_says_after_how_many_calls_it_pays(document):
    kept, _, static, *_ = document["outcomes"]
    proposal = document["proposals"][2]
    proposal |= {"rules": ["static-candidate"], "function": "step", "diff": "+@partial(jit, static_argnames='scale')"}
    static |= {"verdict": "keep", "measured": [kept["measured"][1]]}
    (function,) = [one for one in document["functions"] if one["name"] == "step"]
    function |= {"calls": 1_000_000, "compiles": 2, "trace_s": 0.5, "lower_s": 0.5, "compile_s": 2.0}
    said = " ".join(audit_summary(document).split())
    assert "each new value compiles for 1.5 s, which pays after about 300,000 calls with it: 5 us less a call" in said
    proposal["diff"] = "+    scale_array = jnp.asarray(scale)"
    assert "pays after" not in audit_summary(document)


def test_what_was_written_upon_another_says_so(document):
    document["proposals"][3]["includes"] = ["1"]
    assert "written upon 1, on the same lines: it was tried with it" in " ".join(audit_summary(document).split())


def test_of_several_arrays_the_largest_is_named(document):
    first = document["proposals"][0]
    whole = document["findings"][first["findings"][0]]
    document["findings"].append({**whole, "message": "a table of 3 kB", "facts": {"bytes": 3000}})
    whole["facts"]["bytes"] = 3_000_000
    first["findings"].insert(0, len(document["findings"]) - 1)
    assert "a table of 3 kB" not in audit_summary(document)
