"""`audit.md`: an audit as a design note with its implementation plan, for whoever has to sign it."""

from collections.abc import Iterator
from statistics import median

from jaxaudit.model import amounts
from jaxaudit.model.moved_words import CLOCKS
from jaxaudit.report import audit_words as words
from jaxaudit.report import run_words
from jaxaudit.report.audit_fates import fates, worth_reading
from jaxaudit.report.counts import Document, Entry, number
from jaxaudit.report.markdown import cell, code, escaped, fenced
from jaxaudit.report.places import line_of

MOST_FUNCTIONS = 10


def audit_note(document: Document) -> str:
    """Context, findings, tasks, what was not done and why, and how to repeat it."""
    parts = [
        f"# Audit of {code(_program(document))}",
        escaped(f"{words.opening(document)} {words.counted(document)}"),
        *_context(document),
        *_findings(document),
        *_tasks(document),
        *_dropped(document),
        *_ruled_out(document),
        *_left(document),
        *_method(document),
    ]
    return "\n\n".join(parts) + "\n"


def _program(document: Document) -> str:
    return str(document["summary"]["program"] or "the program")


def _context(document: Document) -> Iterator[str]:
    yield "## Context"
    yield escaped(f"{_program(document)} ran unchanged on {words.ran_on(document)}. {run_words.compiled(document)}")
    mine = run_words.own(document)[:MOST_FUNCTIONS]
    rows = [
        f"| {cell(one['name'])} | {cell(line_of(one))} | {one['calls']} | {one['compiles']} | {_stages(one)} | "
        f"{amounts.size(one['constants_bytes']) if one['constants_bytes'] else '-'} |"
        for one in mine
    ]
    if rows:
        yield "\n".join(
            ["| function | place | calls | compiles | compiling | captured |", "|---|---|--:|--:|--:|--:|", *rows]
        )
    theirs = run_words.libraries(document)
    if theirs:
        yield escaped(f"{theirs[:1].upper()}{theirs[1:]}.")


def _stages(one: Entry) -> str:
    return amounts.seconds(one["trace_s"] + one["lower_s"] + one["compile_s"])


def _findings(document: Document) -> Iterator[str]:
    found = worth_reading(document)
    yield "## Findings"
    if not found:
        yield "None that is certain."
        return
    ends = fates(document)
    seen = {"run": "seen in the run", "static": "read in the source", "environment": "read in the environment"}
    rows = []
    costs = {id(one): rank for rank, one in enumerate(run_words.worst_first(document, False))}
    for rank, (index, one) in enumerate(sorted(found, key=lambda pair: costs[id(pair[1])]), 1):
        how = "read in the source and confirmed by the run" if one.get("status") == "confirmed" else seen[one["source"]]
        cost = f", {run_words.cost(one)}" if run_words.cost(one) else ""
        rows.append(
            f"{rank}. {code(line_of(one))} {escaped(one['message'])} ({code(one['rule'])}, {how}{cost}). "
            f"*{escaped(_sentence(ends[index]))}*"
        )
    yield "\n".join(rows)


def _sentence(text: str) -> str:
    """With its end, and a large letter where it begins with a word and not with a name."""
    first = text.partition(" ")[0]
    return _ended(f"{text[:1].upper()}{text[1:]}" if first.isalpha() else text)


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _tasks(document: Document) -> Iterator[str]:
    kept, open_ = words.by_verdict(document, "keep"), words.open_ones(document)
    idle = words.not_tried(document)
    yield "## Plan"
    nothing = words.nothing_kept(document)
    if nothing:
        yield nothing
    if kept:
        how = words.how_tried(kept)
        both = f" {how[:1].upper()}{how[1:]}." if len(kept) > 1 else ""
        outputs = words.same_outputs(kept)
        proved = f"; {escaped(outputs)}" if outputs else ""
        yield f"{number(len(kept), 'task')} to carry out{proved}.{both}"
        yield "`git apply -p1 audit.patch` or `jaxaudit apply` makes these changes, `jaxaudit apply --commit` one commit for each."
    for proposal, outcome in kept:
        yield from _task(document, proposal, outcome)
    yield from _together(document)
    if open_:
        yield "## Yours to decide"
        yield "These were tried, and are not proved to leave the results as they are. Each has its patch below `undecided/`."
    for proposal, outcome in open_:
        yield from _task(document, proposal, outcome)
    if idle:
        yield "## Not tried"
    for proposal, outcome in idle:
        yield from _task(document, proposal, outcome)


def _task(document: Document, proposal: Entry, outcome: Entry) -> Iterator[str]:
    yield f"### Task {proposal['id']}. {escaped(proposal['title'])}"
    where = (
        f"{code(line_of(proposal))} in {code(proposal['function'])}"
        if proposal["function"]
        else code(line_of(proposal))
    )
    files = [one for one in proposal.get("files", ()) if one != proposal["path"]]
    also = f" Also changes {', '.join(map(code, files))}." if files else ""
    moved = list(words.figures(proposal, outcome))
    predicted = "; ".join(words.expectation(one) for one in proposal["predictions"] if one["from"] != one["to"])
    said = [
        ("Where", f"{where}, for {', '.join(map(code, proposal['rules']))}.{also}"),
        ("Fault", escaped(_sentence(words.fault(document, proposal)))),
        ("Predicted", escaped(_ended(predicted)) if predicted else "nothing was predicted before the trial."),
        ("Measured", escaped("; ".join(moved)) + "." if moved else ""),
        ("Results", escaped(_sentence(words.compared(outcome)))),
        ("Pays", escaped(_sentence(words.pays_after(document, proposal, outcome)))),
        ("Upon", escaped(_sentence(words.upon(proposal)))),
        ("Verdict", f"{outcome['verdict']}: {escaped(_ended(outcome['reason']['text']))}"),
        ("Risk", escaped(_sentence(_risk(proposal)))),
        ("Instead", escaped(_sentence(words.instead(document, proposal)))),
    ]
    if not words.was_tried(outcome):
        said = [one for one in said if one[0] not in ("Measured", "Results")]
    yield "\n".join(f"- **{term}:** {text}" for term, text in said if text and text != ".")
    yield from _change(proposal)


def _risk(proposal: Entry) -> str:
    signature = "The function's signature changes; its callers in the project follow, callers elsewhere do not. "
    return f"{signature if proposal['changes_signature'] else ''}{proposal['risk'] or 'None is known.'}"


def _change(proposal: Entry) -> Iterator[str]:
    if proposal["diff"]:
        yield fenced(proposal["diff"].rstrip("\n"), "diff")
    env = (proposal["setting"] or {}).get("env", {})
    if env:
        yield fenced("\n".join(f"export {name}={value}" for name, value in env.items()), "sh")


def _together(document: Document) -> Iterator[str]:
    whole = document.get("together")
    if whole:
        moved = "; ".join(words.worth_saying(whole))
        yield "### All of them together"
        yield escaped(_sentence(f"{words.outputs(whole)}; {moved}" if moved else words.outputs(whole)))


def _dropped(document: Document) -> Iterator[str]:
    found = words.by_verdict(document, "drop")
    if not found:
        return
    yield "## Tried and dropped"
    rows = []
    for proposal, outcome in found:
        moved = "; ".join(words.worth_saying(outcome))
        reason = outcome["reason"]["text"]
        rows.append(
            f"- **{proposal['id']}. {escaped(proposal['title'])}** ({code(line_of(proposal))}, "
            f"{', '.join(map(code, proposal['rules']))}): {escaped(_sentence(reason))}"
            + (f" Measured: {escaped(_ended(moved))}" if moved and moved not in reason else "")
        )
    yield "\n".join(rows)


def _ruled_out(document: Document) -> Iterator[str]:
    if not document["ruled_out"]:
        return
    yield "## Ruled out without a trial"
    yield "\n".join(
        f"- **{escaped(one['title'])}** ({code(line_of(one))}, {', '.join(map(code, one['rules']))}): "
        f"{escaped(_sentence(one['reason']['text']))}"
        for one in document["ruled_out"]
    )


def _left(document: Document) -> Iterator[str]:
    rows = []
    for one in document["left"]:
        finding = document["findings"][one["finding"]]
        said = f"{_sentence(finding['message'])} {finding['help']}".strip()
        rows.append(f"- {code(line_of(one))} ({code(one['rule'])}): {escaped(said)}")
    alone, never = words.left_alone(document), words.never_called(document)
    rows += [f"- Left alone: {escaped(alone)}."] if alone else []
    rows += [f"- Not seen: {escaped(never)}. Nothing is known of them."] if never else []
    if rows:
        yield "## Left as it is"
        yield "\n".join(rows)


def _method(document: Document) -> Iterator[str]:
    yield "## How it was measured, and how to repeat it"
    yield fenced(f"jaxaudit audit {_program(document)}", "sh")
    yield "\n".join(f"- {said}" for said in _said(document))


def _said(document: Document) -> Iterator[str]:
    yield f"{escaped(words.closing(document))} Every run happened in a copy of the working directory, in a process of its own."
    yield (
        "Counts (compiles, bytes of constants) decide first. A clock decides by interleaved pairs of runs, before and after; "
        "its interval holds 99 in 100 resamplings of the pairs, and has to lie outside of what the unchanged program does "
        "against itself."
    )
    for one in document.get("clocks", ()):
        values = one["values"]
        span = f"{amounts.seconds(min(values))} to {amounts.seconds(max(values))}"
        yield (
            f"Unchanged, {number(len(values), 'timed run')}: {CLOCKS.get(one['metric'], one['metric'])} "
            f"{amounts.seconds(median(values))} in the middle, {span} in all."
        )
    if document["unstable"]:
        yield f"Not compared, because it differs between two runs of the unchanged program: {escaped(document['unstable'])}."
    yield from _wishes(document)
    here = document["environment"]
    tool = escaped(f"jaxaudit {here['tool']}, {words.ran_on(document)}")
    yield f"{tool}, {code(here.get('interpreter') or here.get('executable') or '')}."
    settings = ", ".join(f"{name}={value}" for name, value in (here.get("settings") or {}).items())
    if settings:
        yield f"Settings in force: {code(settings)}."
    yield from (f"Not read: {code(one['path'])}: {escaped(one['reason'])}" for one in document["unread"])
    yield from (
        f"The rule {code(one['rule'])} failed, its findings are missing: {escaped(one['text'])}"
        for one in document["faults"]
    )
    yield from (escaped(note) for note in document.get("notes", ()))


def _wishes(document: Document) -> Iterator[str]:
    wishes = document.get("wishes") or {}
    said = [f"arrays up to {words.budget_size(wishes['captured_bytes'])} a function may be captured"] if wishes else []
    said += [f"never static: {', '.join(wishes['never_static'])}"] if wishes.get("never_static") else []
    said += ["signatures are kept"] if wishes.get("keep_signatures") else []
    if said:
        yield f"The project's wishes, which were obeyed: {escaped('; '.join(said))}."
