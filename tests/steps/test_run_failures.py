"""Messages of a run that speak of "here" and "this line" show the line as written."""

from jaxaudit.model.spot import Spot
from jaxaudit.rules import load_rules
from jaxaudit.steps.run_failures import in_words

LINES = ["import jax", "    x = window(table, n_rows)  "]


def told(message, line=2):
    finding = load_rules()["missing-static"].seen(Spot("train.py", line, "fit"), message)
    return in_words(finding, {"train.py": LINES}.__getitem__).message


def test_where_a_program_ended_is_shown_as_written():
    assert (
        told("a shape: the program ended here with E")
        == "a shape: the program ended at `x = window(table, n_rows)` with E"
    )
    assert told("the call failed here with E") == "the call failed at `x = window(table, n_rows)` with E"
    assert told("work of this line or of what it calls") == "work of `x = window(table, n_rows)` or of what it calls"


def test_a_line_that_is_not_there_leaves_the_message():
    assert told("the program ended here with E", 9) == "the program ended here with E"


def test_other_messages_stay():
    assert told("compiled 3 times") == "compiled 3 times"
