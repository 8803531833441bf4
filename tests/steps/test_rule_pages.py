"""The generated pages: whole, in step with the rules, and safe to render."""

from dataclasses import replace
from pathlib import Path

import pytest

from jaxaudit.model.mistake import Mistake
from jaxaudit.rules import load_rules
from jaxaudit.rules.rule import Example, Rule, Sample
from jaxaudit.rules.suppressions.unused_suppression import RULE
from jaxaudit.steps import figures, rule_pages

ROOT = Path(__file__).parents[2]

TOY: Rule = replace(
    RULE,
    name="toy-fault",
    family="control_flow",
    title="a toy | with a bar",
    dont="Do the wrong thing.",
    do="Do the right thing.",
    why="It costs 12 ms a call.\n\nMeasured twice.",
    allowed="In a script.",
    may_break="Nothing known.",
    sees=("source", "run"),
    needs=("compile_count",),
    examples=(
        Example("a loop", Sample("x = 1  # fault\n", "compiles('f') == 3"), Sample("x = 2\n", ""), fixed_by_us=True),
    ),
    allowed_samples=(Sample('"""```"""\n', "not raised"),),
    aliases=("old-toy",),
)

PAGE = """\
<!-- Written by `jaxaudit dev rule-pages` from the rule's file. Edit that one. -->
# toy-fault

A toy | with a bar.

Family control flow; warning; seen from source and a run; `jaxaudit fix` can mend it; old names: `old-toy`.

## Don't

Do the wrong thing.

## Do

Do the right thing.

## Why

It costs 12 ms a call.

Measured twice.

## When it is fine

In a script.

## What the advice may change

Nothing known.

## What settles it

Where the source leaves a doubt, a run settles it: it shows how often the function compiles.

## How often it is right

19 of 20 findings read were true (95%), of 120 on packages and repositories of others; judged by running, 2026-01-31.

## Examples

Lines with the fault are marked. The tests run these programs on real JAX.

### A loop

```python
x = 1  # fault
```

Shown by running it: `compiles('f') == 3`.

Instead (`jaxaudit fix` writes it):

```python
x = 2
```

## Left alone

````python
\"\"\"```\"\"\"
````

Shown by running it: `not raised`.

## Where it holds

| JAX | claims that hold | not |
|---|---|---|
| 0.6.2 | 5 of 6 | a loop / dont |
| 0.10.2 | 6 of 6 | - |

## To allow it

On the line, with your reason:

```python
...  # jaxaudit: allow toy-fault -- reason
```
"""


@pytest.fixture
def measured(monkeypatch):
    toys = {
        "precision": {"toy-fault": {"fired": 120, "read": 20, "true": 19, "how": "by running", "date": "2026-01-31"}},
        "holds": {
            "toy-fault": {
                "0.10.2": {"held": 6, "of": 6, "false": []},
                "0.6.2": {"held": 5, "of": 6, "false": ["a loop / dont"]},
            }
        },
    }
    monkeypatch.setattr(figures, "figures", toys.__getitem__)


def test_a_page_whole(measured):
    assert rule_pages.rule_page(TOY) == PAGE


def test_the_figures_as_sentences(measured):
    assert figures.holds_sentence("toy-fault") == (
        "Its examples show what they claim on JAX 0.10.2. On JAX 0.6.2, 1 of 6 do not."
    )
    assert figures.precision_of("another") == figures.holds_sentence("another") == ""


def test_the_index_lists_every_rule_and_escapes_bars():
    text = rule_pages.index([TOY])
    assert "## control flow" in text
    assert "| [toy-fault](toy-fault.md) | SRF | warning | a toy \\| with a bar |" in text


@pytest.fixture
def checkout(tmp_path):
    (tmp_path / "src" / "jaxaudit" / "rules").mkdir(parents=True)
    return tmp_path


def test_written_pages_are_up_to_date_and_others_are_named(checkout, capsys):
    assert rule_pages.main([], checkout) == 0
    assert rule_pages.main(["--check"], checkout) == 0
    folder = checkout / rule_pages.FOLDER
    (folder / "index.md").write_text("edited")
    (folder / "gone.md").write_text(rule_pages.MARK + "\n# gone\n")
    (folder / "by-hand.md").write_text("# mine\n")
    capsys.readouterr()
    assert rule_pages.main(["--check"], checkout) == 1
    assert capsys.readouterr().out == "out of date: docs/rules/gone.md\nout of date: docs/rules/index.md\n"
    rule_pages.main([], checkout)
    assert {file.name for file in folder.iterdir()} == {
        "by-hand.md",
        "index.md",
        *(f"{name}.md" for name in load_rules()),
    }


def test_outside_a_checkout_it_is_a_mistake(tmp_path):
    with pytest.raises(Mistake, match="is not a checkout of jaxaudit"):
        rule_pages.main([], tmp_path)


def test_the_checked_in_pages_are_those_of_the_rules():
    assert [str(file.relative_to(ROOT)) for file in rule_pages.stale_pages(ROOT)] == []
