"""Where objects of a class are told apart, so that they can't begin to compare by their fields."""

import ast

import pytest

from jaxaudit.edits import CannotEdit, SourceText
from jaxaudit.edits.told_apart import must_not_be_told_apart

CLASS = "class Plan:\n    def __init__(self, n):\n        self.n = n\n\n\n"
APART = {
    "as a key": "for p in [Plan(1), Plan(1)]:\n    plans.append(p)\nplans = [Plan(2)]\nseen = {}\nfor p in plans:\n    seen[p] = 1\n",
    "in a set": "plans = [Plan(n) for n in (1, 1)]\nprint(len(set(plans)))\n",
    "by ==": "best = Plan(1)\nprint([p is best or p == best for p in (Plan(1), best)])\n",
    "by in": "one = Plan(1)\nprint(one in rest)\n",
    "by index": "def place(plan: Plan, plans: list[Plan]):\n    return plans.index(plan)\n",
    "an attribute": "class Run:\n    def __init__(self):\n        self.plan = Plan(1)\n    def same(self, other):\n        return self.plan != other.plan\n",
    "a pair": "one = Plan(1)\ntimes = {(one, 3): 2.0}\n",
    "a name that is known": "def run(setting):\n    return times[setting]\n",
}
FINE = {
    "by is": "best = Plan(1)\nprint([p is best for p in (Plan(1), best)])\n",
    "its fields": "one = Plan(1)\ntimes = {one.n: 2.0}\nprint(times[one.n], one.n == 2, one.n in times)\n",
    "a text": "one = Plan(1)\nprint(one == None, one != 'x')\n",
    "others": "times = {}\nkey = str(Plan(1))\ntimes[key] = 2\n",
}


def asked(code: str) -> None:
    source = SourceText.from_text("main.py", CLASS + code)
    ast.parse(source.text)
    must_not_be_told_apart("Plan", ("setting",), [source])


@pytest.mark.parametrize("code", APART.values(), ids=APART)
def test_told_apart(code: str) -> None:
    with pytest.raises(CannotEdit, match="tells objects of `Plan` apart"):
        asked(code)


@pytest.mark.parametrize("code", FINE.values(), ids=FINE)
def test_not_told_apart(code: str) -> None:
    asked(code)
