"""A stand-in that imports at once: the ends of a process are the same with it as with JAX."""

import sys


def compile(name):  # noqa: A001
    """Says what the hooks would say, where this process is observed."""
    if "jaxaudit_probe.writer" in sys.modules:
        sys.modules["jaxaudit_probe.writer"].current().put("compile", name=name)


def count():
    """One more in a total that is written at the end."""
    if "jaxaudit_probe.writer" in sys.modules:
        writer = sys.modules["jaxaudit_probe.writer"].current()
        if not counted:
            writer.at_end(lambda: counted[0] and writer.put("calls", site=1, calls=counted[0]))
            writer.at_fork(lambda: counted.__setitem__(0, 0))
            counted.append(0)
        counted[0] += 1


counted = []
