"""`apply`: what an audit kept, or what is named of it, goes into the working tree, whole or not at all."""

import hashlib
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from jaxaudit.edits.edit import CannotEdit, Edit
from jaxaudit.edits.source_text import SourceText
from jaxaudit.fix import FileChange, write_changes
from jaxaudit.model.mistake import Mistake
from jaxaudit.steps.record_place import HOME
from jaxaudit.steps.saved import read_document

Message = Callable[[Mapping[str, Any], Mapping[str, Any]], str]
"""The words of a commit, from the audit's document and the proposal."""


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def newest_audit(asked: str = "") -> Path:
    """The `audit.json` that is meant. Raises `Mistake` where there is none."""
    if asked:
        path = Path(asked)
        return path / "audit.json" if path.is_dir() else path
    found = sorted(Path(HOME, "audits").glob("*/audit.json"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise Mistake(f"there is no audit under {HOME}/audits here; `jaxaudit audit PROGRAM` makes one")
    return found[-1]


def apply(
    document: Mapping[str, Any], ids: Sequence[str], *, allow_dirty: bool, commit: bool, message: Message
) -> tuple[list[Mapping[str, Any]], list[str]]:
    """Effect: writes the files; with `commit`, one commit for each proposal. The proposals and the files written.

    Raises `Mistake` where a file is no longer what was audited, or is dirty; then nothing was changed.
    """
    chosen = _chosen(document, ids)
    edited = [one for one in chosen if one["edits"]]
    before = _as_audited(edited)
    if not allow_dirty:
        _must_be_clean(sorted(before))
    if not commit:
        _write(before, _composed(edited, before))
        return chosen, sorted(before)
    now = before
    for number, one in enumerate(edited, 1):
        then = _composed(edited[:number], before)
        changed = {path: text for path, text in then.items() if text != now[path]}
        _write(now, changed)
        now = now | changed
        _commit(message(document, one), sorted(changed))
    return chosen, sorted(before)


def put(originals: Mapping[str, bytes], texts: Mapping[str, bytes]) -> None:
    """Effect: replaces the files. Raises `Mistake` where one is no longer what was audited; then none is changed."""
    for path, text in originals.items():
        if _bytes_of(path) != text:
            raise Mistake(f"{path} has changed since the audit; nothing was changed: audit again")
    _write(originals, texts)


def read_audit(asked: str = "") -> tuple[Path, dict[str, Any]]:
    path = newest_audit(asked)
    document = read_document(path)
    if document["kind"] != "audit":
        raise Mistake(f"{str(path)!r} holds a {document['kind']}, not an audit")
    return path, document


def _chosen(document: Mapping[str, Any], ids: Sequence[str]) -> list[Mapping[str, Any]]:
    proposals = {str(one["id"]): one for one in document["proposals"]}
    verdicts = {str(one["proposal"]): one for one in document["outcomes"]}
    if not ids:
        kept = [one for id_, one in proposals.items() if verdicts.get(id_, {}).get("verdict") == "keep"]
        if not kept:
            raise Mistake("the audit kept nothing; name a proposal to apply it all the same")
        return kept
    for id_ in ids:
        if id_ not in proposals:
            raise Mistake(f"the audit has no proposal {id_!r}; it has {', '.join(proposals) or 'none'}")
        outcome = verdicts.get(id_, {})
        if outcome.get("verdict") == "drop":
            raise Mistake(f"proposal {id_} was tried and dropped: {outcome['reason']['text']}")
    with_others = dict.fromkeys(each for id_ in ids for each in (*proposals[id_].get("includes", ()), id_))
    return [proposals[id_] for id_ in with_others]


def _as_audited(proposals: Sequence[Mapping[str, Any]]) -> dict[str, bytes]:
    """The files that they change, as they are. Raises `Mistake` where one has changed since."""
    found: dict[str, bytes] = {}
    for one in proposals:
        for path, edits in one["edits"].items():
            found[path] = _bytes_of(path)
            if digest(found[path]) != edits["before"]:
                raise Mistake(f"{path} has changed since the audit; nothing was changed: audit again")
    return found


def _bytes_of(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise Mistake(f"{path} can't be read: {error.strerror or error}; nothing was changed") from None


def _composed(proposals: Sequence[Mapping[str, Any]], before: Mapping[str, bytes]) -> dict[str, bytes]:
    edits: dict[str, list[Edit]] = {}
    within = {id_ for one in proposals for id_ in one.get("includes", ())}
    for one in proposals:
        if one["id"] in within:
            continue
        for path, given in one["edits"].items():
            edits.setdefault(path, []).extend(Edit(start, end, new) for start, end, new in given["replace"])
    try:
        return {path: SourceText.from_bytes(path, before[path]).edited(some).data for path, some in edits.items()}
    except CannotEdit as error:
        raise Mistake(f"these proposals do not go together ({error}); apply one, then audit again") from None


def _write(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> None:
    changes = [FileChange(path, before[path], text) for path, text in sorted(after.items())]
    _, left = write_changes(changes)
    if left:
        raise Mistake(f"{left[0].path} was not written: {left[0].reason}")


def _must_be_clean(paths: Sequence[str]) -> None:
    """Only a repository of git's knows what is dirty; elsewhere everything is taken as it is."""
    if not paths:
        return
    said = _git("status", "--porcelain", "--untracked-files=no", "--", *paths)
    if said.returncode == 0 and said.stdout.strip():
        dirty = said.stdout.splitlines()[0][3:]
        raise Mistake(f"{dirty} has changes that are not committed; commit them, or say --allow-dirty")


def _commit(message: str, paths: Sequence[str]) -> None:
    done = _git("commit", "--quiet", "--message", message, "--", *paths)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()[:1]
        raise Mistake(f"the files are changed, and git did not commit them: {said[0] if said else done.returncode}")


def _git(*words: str) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(["git", *words], capture_output=True, text=True, check=False)
    except OSError:
        return subprocess.CompletedProcess(words, 127, "", "git is not installed")
