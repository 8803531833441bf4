import ast

from edits.marked_source import marked
from fix.word_fixes import MENDERS, finding, findings, mend
from jaxaudit.edits import CannotEdit, Edit, SourceText
from jaxaudit.fix import plan_fixes


def planned(text, menders=MENDERS, unsafe=False, found=None):
    source = SourceText.from_text("m.py", text)
    plan = plan_fixes(found or findings("m.py", source.data), menders, {"m.py": source}, unsafe)
    return plan, plan.texts["m.py"].text if plan.texts else None


def test_edits_of_several_findings_are_made_together():
    plan, text = planned("bad(1)\nx = bad2( bad(2) )  # note\n")
    assert text == "good(1)\nx = good2( good(2) )  # note\n"
    assert len(plan.applied) == 3
    assert plan.applied[2].fix.diff == "--- a/m.py\n+++ b/m.py\n@@ -1,2 +1,2 @@\n bad(1)\n" + (
        "-x = bad2( bad(2) )  # note\n+x = bad2( good(2) )  # note\n"
    )
    assert not plan.skipped


def test_of_two_that_overlap_the_first_wins_and_the_other_waits():
    def whole_call(finding, source):
        node = next(one for one in ast.walk(source.tree) if isinstance(one, ast.Call))
        return (Edit(*source.span(node), "done()"),)

    plan, text = planned("bad(bad2(1))\n", {"no-bad": whole_call, "no-bad2": mend})
    assert text == "done()\n"
    assert [(one.finding.title, one.reason) for one in plan.skipped] == [("bad2", "overlaps")]
    assert plan.waiting


def test_the_same_import_from_two_findings_is_one():
    def with_import(finding, source):
        return (Edit(0, 0, "import good\n"), *mend(finding, source))

    _, text = planned("bad(1)\nbad(2)\n", {"no-bad": with_import})
    assert text == "import good\ngood(1)\ngood(2)\n"


def test_unsafe_fixes_wait_for_the_word():
    source, place = marked("«bad»(1)\n")
    unsafe = finding("bad", place, "unsafe")
    plan, text = planned(source.text, found=[unsafe])
    assert (text, [one.reason for one in plan.skipped]) == (None, ["unsafe"])
    assert planned(source.text, found=[unsafe], unsafe=True)[1] == "good(1)\n"


def test_what_would_not_parse_is_left_out_and_the_rest_is_made():
    plan, text = planned("bad(1)\nbroken(2)\nbad(3)\n")
    assert text == "good(1)\nbroken(2)\ngood(3)\n"
    assert [(one.finding.title, one.reason) for one in plan.skipped] == [("broken", "breaks-syntax")]


def test_a_mend_that_refuses_or_gives_nothing_says_why():
    def refuses(finding, source):
        raise CannotEdit("the loop binds i")

    plan, _ = planned("bad(1)\nbad2(1)\n", {"no-bad": refuses, "no-bad2": lambda finding, source: ()})
    assert [one.text for one in plan.skipped] == ["the loop binds i", "no mechanical fix fits this place"]


def test_an_edit_that_changes_nothing_is_no_fix():
    plan, text = planned("stays(1)\n")
    assert (text, plan.applied) == (None, ())


def test_notebook_cells_and_missing_files_are_left_with_a_reason():
    source, place = marked("«bad»(1)\n")
    plan, _ = planned(
        source.text, found=[finding("bad", place, cell=2), finding("bad", place._replace(path="gone.py"))]
    )
    assert sorted(one.text for one in plan.skipped) == [
        "cells of notebooks are not rewritten: change the cell by hand, as the finding's help says",
        "gone.py could not be read",
    ]
