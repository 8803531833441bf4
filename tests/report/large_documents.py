"""An audit of thousands of compiles, and one in which every string is hostile."""

from copy import deepcopy
from pathlib import Path
from typing import Any

from report.audit_documents import audit_document

HOSTILE = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">]]>--><!--\u202e\u2028&'`|"


def large_document(folder: Path, functions: int = 500, compiles: int = 5000) -> dict[str, Any]:
    """Functions with three changed leaves in each compile, over a run of an hour."""
    made = audit_document(folder)
    one, seen, array = made["functions"][0], made["compiles"][0], made["constants"][0]
    made["functions"] = [
        deepcopy(one) | {
            "name": f"solve_{number}.<locals>.residual", "path": f"model/part_{number % 40}.py", "line": number + 1,
            "compiles": compiles // functions, "compile_s": number / 100, "library": None if number % 5 else "diffrax",
        }
        for number in range(functions)
    ]  # fmt: skip
    made["compiles"] = [
        _compile(made["functions"][number % functions], seen, number, compiles) for number in range(compiles)
    ]
    made["constants"] = [
        deepcopy(array) | {"holder": f"optics.stage_{number}", "bytes": 10**6 + number} for number in range(300)
    ]
    made["summary"] |= {"compiles": compiles, "recompiles": compiles - functions}
    return made


def _compile(of: dict[str, Any], seen: dict[str, Any], number: int, compiles: int) -> dict[str, Any]:
    changes = [
        {"leaf": f"state.layers[{leaf}].weight", "was": f"f32[{number},{leaf}]", "now": f"f32[{number + 1},{leaf}]", "what": "shape"}
        for leaf in range(3)
    ]  # fmt: skip
    text = f"state.layers[0].weight: f32[{number},0] -> f32[{number + 1},0] and 2 more"
    return deepcopy(seen) | {
        "function": of["name"], "path": of["path"], "line": of["line"], "library": of["library"],
        "at": {"path": "train.py", "line": number % 97 + 1, "function": "fit"},
        "cause": {"kind": "shape", "text": text, "changes": changes},
        "ended_s": round(3600 * (number + 1) / compiles, 3), "compile_s": 0.3,
    }  # fmt: skip


def hostile_document(folder: Path, said: str = HOSTILE) -> dict[str, Any]:
    """Each text that a program, a file or a library could have chosen is hostile; words of the contract stay."""
    made = audit_document(folder)
    fixed = {
        "schema", "kind", "severity", "source", "verdict", "outputs", "tests", "metric", "status", "rule", "rules", "code",
        "applicability", "cache", "id", "proposal", "group", "role", "values", "fingerprint",
    }  # fmt: skip

    def turned(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: turned(part, name) for name, part in value.items()}
        if isinstance(value, list):
            return [turned(part, key) for part in value]
        return f"{said} {value}" if isinstance(value, str) and key not in fixed else value

    rules = made.pop("rules")
    return turned(made) | {"rules": rules, "kind": "audit"}
