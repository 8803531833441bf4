"""What source and run say of a program, joined, and the plan that comes of it; also of a program with changes."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jaxaudit.edits.edit import CannotEdit
from jaxaudit.edits.source_text import SourceText
from jaxaudit.plan.joining import Joined, joined
from jaxaudit.plan.proposing import Plan, plan
from jaxaudit.rules.project import Project, Wishes
from jaxaudit.source.reading import Sources
from jaxaudit.steps.check import Options, chosen_rules, find
from jaxaudit.steps.config import Config
from jaxaudit.steps.run import NOTHING, run_findings
from jaxaudit.steps.verdict import unhurried
from jaxaudit.verify.running import Ran

if TYPE_CHECKING:
    from jaxaudit.source.program import Program
    from jaxaudit.steps.selection import Rules


@dataclass(frozen=True, slots=True)
class Planned:
    """The findings of both, the plan, and what could not be read or judged."""

    joined: Joined
    plan: Plan
    faults: Sequence[dict[str, str]]
    unread: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Planner:
    """Whose rules and wishes hold, and which rules are asked for."""

    config: Config
    rules: "Rules"
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    def planned(self, ran: Ran, texts: Mapping[str, bytes] = NOTHING) -> Planned:
        """The plan for a run of the program, in which these files stood in place of what is on disk."""
        options = Options(select=self.select, ignore=self.ignore)
        checked = find(["."], replace(options, overlay=_as_given(texts)))
        used = _used(ran)
        static = [one for one in checked.news if os.path.normpath(one.place.path) in used]
        chosen = chosen_rules(options, self.config, self.rules)
        seen, faults, _ = run_findings(ran.evidence, self.config, self.rules, chosen, texts)
        both = joined(static, seen, ran.evidence, self.rules)
        files = list(checked.sources.given)
        made = unhurried(lambda: self._plan(both, ran, files, texts))
        return Planned(both, made, [*checked.faults, *faults, *made.faults], list(checked.unread))

    def _plan(self, both: Joined, ran: Ran, files: list[str], overlay: Mapping[str, bytes]) -> Plan:
        """Asks the rules about all files of the project, whose scripts and tests know callers that the run did not take."""
        sources, later = Sources(files, overlay=_as_given(overlay)), list[Sources]()
        try:
            program = sources.linked(sources.rows())
            texts: dict[str, SourceText] = {}

            def text(path: str) -> SourceText:
                name = os.path.normpath(path)
                if os.path.isabs(name) or name.startswith(".."):
                    raise CannotEdit(f"{path} lies outside of the working directory")
                if name not in texts:
                    try:
                        data = overlay[name] if name in overlay else Path(name).read_bytes()
                    except OSError as error:
                        raise CannotEdit(f"{path} can't be read: {error.strerror}") from None
                    texts[name] = SourceText.from_bytes(name, data)
                return texts[name]

            def linked(changed: Mapping[str, bytes]) -> "Program":
                others = Sources(files, overlay=_as_given({**overlay, **changed}))
                later.append(others)
                return others.linked(others.rows())

            wishes = Wishes(self.config.never_static, self.config.keep_signatures, self.config.captured_bytes)
            made = self._without_cleared(both, Project(program, ran.evidence, text, wishes, linked))
            made.ruled_out = [*both.cleared, *made.ruled_out]
            return made
        finally:
            for one in (sources, *later):
                one.close()

    def _without_cleared(self, both: Joined, project: Project) -> Plan:
        """The plan without what the run cleared; findings keep their numbers."""
        keep = [index for index, status in enumerate(both.status) if status != "cleared"]
        made = plan([both.findings[index] for index in keep], self.rules, project)
        made.proposals = [replace(one, findings=tuple(keep[i] for i in one.findings)) for one in made.proposals]
        made.ruled_out = [replace(one, findings=tuple(keep[i] for i in one.findings)) for one in made.ruled_out]
        return made


def _as_given(texts: Mapping[str, bytes]) -> dict[str, bytes]:
    """Under the names, too, that a walk from the working directory gives them."""
    return {name: data for path, data in texts.items() for name in (path, os.path.join(".", path))}


def _used(ran: Ran) -> frozenset[str]:
    """The project's files that ran; where the program ended without a word, those that the probe saw functions of."""
    seen = {os.path.normpath(one.site.path) for one in ran.evidence.functions if one.site.user}
    main = [word for word in ran.evidence.environment.argv if word.endswith(".py")][:1]
    return frozenset((*ran.imported, *seen, *map(os.path.normpath, main)))
