"""What fixing came to, in a few lines, and a diff in colours."""

from collections import Counter
from collections.abc import Iterator

from jaxaudit.report.counts import Document, Entry, number
from jaxaudit.report.paint import Paint, plain
from jaxaudit.report.places import file_of, line_of
from jaxaudit.report.text_width import wrap


def fix_summary(
    document: Document, columns: int = 80, paint: Paint = plain, writing: bool = False, from_stdin: bool = False
) -> str:
    """How many findings are mended in how many files, which are not and why, and what to do next."""
    first, *rest = _sentences(document, writing, from_stdin)
    lines = [paint(first, "strong")]
    for sentence in rest:
        lines += wrap(sentence, columns, rest="  ")
    return "\n".join(lines) + "\n"


def _sentences(document: Document, writing: bool, from_stdin: bool) -> Iterator[str]:
    mended = [one for one in document["findings"] if "skipped" not in one]
    unwritten = {entry["path"] for entry in document["unwritten"]}
    done = [one for one in mended if one["path"] not in unwritten]
    left = [one for one in document["findings"] if "skipped" in one]
    yield _first(done, writing and bool(mended))
    if done and not writing and not from_stdin:
        yield "Nothing was written: `jaxaudit fix --write` applies the fixes."
    yield from (f"left as it is: {entry['path']}: {entry['reason']}" for entry in document["unwritten"])
    yield from (f"not read: {file_of(entry)}: {entry['reason']}" for entry in document["unread"])
    unsafe = Counter(one["skipped"]["code"] for one in left)["unsafe"]
    if unsafe:
        yield f"{number(unsafe, 'more fix', 'more fixes')} may change behaviour: --unsafe adds {_them(unsafe)}."
    for one in left:
        if one["skipped"]["code"] != "unsafe":
            yield f"not fixed: {line_of(one)} {one['rule']}: {one['skipped']['text']}"


def _first(done: list[Entry], writing: bool) -> str:
    if not done:
        return "Nothing to fix." if not writing else "Nothing was fixed."
    files = number(len({one["path"] for one in done}), "file")
    findings = number(len(done), "finding")
    return f"Fixed {findings} in {files}." if writing else f"{findings} can be fixed in {files}."


def _them(count: int) -> str:
    return "it" if count == 1 else "them"


def painted_diff(diff: str, paint: Paint) -> str:
    return "".join(paint(line.rstrip("\n"), _role(line)) + "\n" for line in diff.splitlines(keepends=True))


def _role(line: str) -> str:
    if line.startswith(("---", "+++")):
        return "strong"
    return {"+": "added", "-": "removed", "@": "note"}.get(line[:1], "")
