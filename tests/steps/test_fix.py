import pytest

from fix.word_fixes import MENDERS, findings
from jaxaudit.steps.fix import run_fix


def mended(files, menders=MENDERS, rounds=10):
    """Runs the rounds on files in memory."""
    checks = []

    def all_findings(changed):
        checks.append(dict(changed))
        return [one for path, data in {**files, **changed}.items() for one in findings(path, data)]

    result = run_fix(all_findings({}), all_findings, menders, files.__getitem__, rounds=rounds)
    return result, {one.path: one.after for one in result.changes}, checks


def test_it_goes_on_until_nothing_is_left():
    result, after, _ = mended({"m.py": b"chain(bad2(1))\nbad(2)\n"})
    assert after == {"m.py": b"good(good2(1))\ngood(2)\n"}
    assert sorted(one.title for one in result.fixed) == ["bad", "bad", "bad2", "chain"]
    assert result.skipped == ()


def test_a_fix_that_does_not_cure_is_taken_back_and_said():
    def only_a_comment(finding, source):
        from jaxaudit.edits import Edit

        return (Edit(0, 0, "# fixed\n"),)

    result, after, _ = mended({"m.py": b"again(1)\nbad(2)\n"}, {**MENDERS, "no-again": only_a_comment})
    assert after == {"m.py": b"again(1)\ngood(2)\n"}
    assert [(one.finding.title, one.reason) for one in result.skipped] == [("again", "not-cured")]
    assert [one.title for one in result.fixed] == ["bad"]


def test_fixes_that_make_each_other_come_to_an_end():
    def swapped(finding, source):
        from jaxaudit.edits import Edit

        start = source.text.index(finding.title)
        return (Edit(start, start + len(finding.title), {"bad": "bad2", "bad2": "bad"}[finding.title]),)

    result, after, _ = mended({"m.py": b"bad(1)\n"}, {"no-bad": swapped, "no-bad2": swapped}, rounds=4)
    assert after == {}
    assert [one.reason for one in result.skipped] == ["too-many-rounds"]


def test_each_round_is_checked_on_what_would_be_written():
    _, after, checks = mended({"m.py": b"bad(1)\n", "clean.py": b"x = 1\n"})
    assert checks == [{}, {"m.py": b"good(1)\n"}]
    assert after == {"m.py": b"good(1)\n"}


@pytest.mark.parametrize("data", [b"\xef\xbb\xbfbad(1)\r\n", b"# coding: latin-1\nbad('\xe4')"])
def test_bytes_outside_the_edit_are_the_same(data):
    _, after, _ = mended({"m.py": data})
    assert after["m.py"] == data.replace(b"bad", b"good")
