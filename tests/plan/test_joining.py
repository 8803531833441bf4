from jaxaudit.model import Finding, Place
from jaxaudit.model.evidence import Environment, Evidence, FunctionSeen, Site
from jaxaudit.plan.joining import joined
from jaxaudit.rules import load_rules

RULES = load_rules()


def finding(source, line, rule="jit-in-loop", function="step"):
    place = Place("a.py", line, 1, line, 20, "main")
    return Finding(rule, "title", "message", "error", 0.9, place, {"function": function}, source=source)


def evidence(compiles, calls):
    return Evidence(Environment(1), functions=(FunctionSeen(Site("step", "a.py", 4), calls=calls, compiles=compiles),))


def test_both_say_it():
    both = joined([finding("static", 9)], [finding("run", 9)], evidence(5, 5), RULES)
    assert both.status == ("confirmed", "confirmed") and not both.cleared


def test_only_one_says_it():
    both = joined([finding("static", 9)], [finding("run", 30, function="other")], evidence(5, 5), RULES)
    assert both.status == ("static", "run")


def test_the_run_clears_it():
    both = joined([finding("static", 9)], [], evidence(1, 40), RULES)
    assert both.status == ("cleared",)
    assert both.cleared[0].reason.text == "`step` was compiled once for 40 calls: the run clears it"


def test_a_function_that_did_not_run_is_not_cleared():
    both = joined([finding("static", 9, function="never")], [], evidence(1, 40), RULES)
    assert both.status == ("static",)
