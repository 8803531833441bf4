"""Which names a block of lowered statements binds."""

from __future__ import annotations

from typing import Any


def assigned_names(statements: tuple[Any, ...]) -> set[str]:
    """The names that these statements bind, nested blocks included, nested functions not."""
    out: set[str] = set()
    waiting = [statements]
    while waiting:
        for s in waiting.pop():
            kind = s[0]
            if kind == "=":
                if s[2] is not None:
                    for target in s[1]:
                        _target_names(target, out)
            elif kind == "+=":
                _target_names(s[1], out)
            elif kind == "if":
                waiting += (s[2], s[3])
            elif kind == "for":
                _target_names(s[1], out)
                waiting += (s[3], s[4])
            elif kind == "while":
                waiting += (s[2], s[3])
            elif kind == "with":
                for _, target in s[1]:
                    if target is not None:
                        _target_names(target, out)
                waiting.append(s[2])
            elif kind == "try":
                waiting += (s[1], s[3], s[4])
                for _, name, body, _line in s[2]:
                    if name:
                        out.add(name)
                    waiting.append(body)
            elif kind == "match":
                for names, _, body in s[2]:
                    out.update(names)
                    waiting.append(body)
            elif kind == "import":
                out.update([name for name, _, _ in s[1]])
            elif kind == "def" or kind == "class":
                out.add(s[-1])
            elif kind in ("global", "nonlocal"):
                out.difference_update(s[1])
    return out


def _target_names(target: Any, out: set[str]) -> None:
    kind = target[0]
    if kind == "n":
        out.add(target[1])
    elif kind == "T":
        for item in target[2]:
            _target_names(item, out)
    elif kind == "*":
        _target_names(target[1], out)
