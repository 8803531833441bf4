"""What may be compiled once: code that reads nothing that changes, and asks nothing that answers otherwise each time."""

import ast

import pytest

from jaxaudit.edits import CannotEdit, SourceText
from jaxaudit.edits.name_scopes import Names
from jaxaudit.edits.rebinding import must_compile_once

HEAD = "import random\nimport time\n\nimport jax\nimport numpy as np\n\nrng = np.random.default_rng(0)\nTABLE = {}\nMODE = 'a'\n"


def asked(body):
    source = SourceText.from_text("m.py", HEAD + body)
    function = next(node for node in source.tree.body if isinstance(node, ast.FunctionDef) and node.name == "f")
    must_compile_once(Names(source), function.body)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("def f(x):\n    return x + np.random.normal()\n", r"asks `numpy.random.normal` in line 11"),
        ("def f(x):\n    return x + rng.normal()\n", "asks `rng`"),
        ("def f(x):\n    return noisy(x)\n\ndef noisy(x):\n    return x * random.random()\n", "asks `random.random`"),
        ("def f(x):\n    return x * time.time()\n", "asks `time.time`"),
        (
            "def f(x):\n    return x * TABLE['a']\n\ndef load():\n    TABLE['a'] = 1\n",
            "reads `TABLE`, which line 14 changes",
        ),
        (
            "def f(x):\n    return g(x)\n\ndef g(x):\n    return MODE\n\ndef switch():\n    global MODE\n    MODE = 'b'\n",
            "`MODE`",
        ),
        ("def f(x):\n    print(x)\n    return x\n", "done while it is traced"),
    ],
)
def test_what_must_be_done_anew(body, reason):
    with pytest.raises(CannotEdit, match=reason):
        asked(body)


@pytest.mark.parametrize(
    "body",
    [
        "def f(x):\n    return jax.random.normal(x)\n",
        "def f(x):\n    return x * TABLE['a']\n\nTABLE['a'] = 1\n",
        "def f(x):\n    jax.debug.print('{}', x)\n    return MODE\n",
        "def f(x):\n    rng = x\n    return rng.normal()\n",
    ],
)
def test_what_need_not(body):
    asked(body)
