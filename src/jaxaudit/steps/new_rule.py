"""The first of the two files that a new rule touches; the second, its page, is generated from it."""

import re
from pathlib import Path

from jaxaudit.model.mistake import Mistake

TEMPLATE = '''\
"""{title}."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from jaxaudit.model import Finding
from jaxaudit.rules.rule import Example, Rule, Sample

if TYPE_CHECKING:
    from jaxaudit.source.program import Program


def match(program: "Program") -> Iterable[Finding]:
    """Say here what it hunts, in the order in which it looks."""
    return ()


RULE = Rule(
    name="{name}",
    title="{title}",
    severity="warning",
    dont="""\\
""",
    do="""\\
""",
    why="""\\
What happens, with a number and how it was got.
""",
    allowed="The break that is fine.",
    may_break="The exact case in which the advice changes what the program does.",
    sees=("source",),
    needs=(),
    examples=(
        Example(
            name="as people write it",
            dont=Sample(
                """\\
import jax
# the line with the fault ends in a mark
""",
                shows="",
            ),
            do=Sample(
                """\\
import jax
""",
                shows="",
            ),
        ),
    ),
    allowed_samples=(),
    match=match,
)
'''


def new_rule(name: str, family: str, root: Path) -> Path:
    """Effect: writes `src/jaxaudit/rules/<family>/<name>.py` below `root`, and returns its path. Overwrites nothing."""
    rules = root / "src" / "jaxaudit" / "rules"
    if not rules.is_dir():
        raise Mistake(f"{root} is not a checkout of jaxaudit: it has no src/jaxaudit/rules")
    for word in (name, family):
        if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", word):
            raise Mistake(f"{word!r} is no name of a rule or family; write lower-case words with - between them")
    file = rules / family.replace("-", "_") / f"{name.replace('-', '_')}.py"
    for same in rules.glob(f"*/{file.name}"):
        raise Mistake(f"{same.relative_to(root).as_posix()} exists already")
    if not file.parent.exists():
        file.parent.mkdir()
        (file.parent / "__init__.py").write_text(f'"""The family {family}."""\n', "utf-8")
    file.write_text(TEMPLATE.format(name=name, title=name.replace("-", " ")), "utf-8")
    return file
