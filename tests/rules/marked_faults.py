"""Programs whose lines say where a rule must fire: `# fault`."""

from textwrap import dedent

from jaxaudit.model import Finding
from jaxaudit.rules import Rule
from programs import HEAD, program_of

Source = str | dict[str, str]


def findings(rule: Rule, source: Source) -> list[Finding]:
    """What a rule finds in one program; a single file gets the usual imports in front."""
    return list(rule.match(program_of(source)))


def at_the_mark(found: list[Finding], source: Source) -> bool:
    """Whether something was found, and nothing but what stands on a marked line."""
    texts = [HEAD + dedent(source)] if isinstance(source, str) else [dedent(text) for text in source.values()]
    marked = {number for text in texts for number, line in enumerate(text.splitlines(), 1) if "# fault" in line}
    return bool(found) and {one.place.line for one in found} <= marked
