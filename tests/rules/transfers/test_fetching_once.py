"""Values that stay on the device while a loop runs."""

import pytest

from rules.proposed_changes import done, of

LOOP = """
@jax.jit
def step(x):
    return x * 0.9, jnp.sum(x)


def main():
    x = jnp.ones(5)
    {before}
    for turn in range(12):
        x, total = step(x)
        {turn}
    {after}


main()
"""
KEPT = {
    "appended": ("losses = []", "losses.append(float(total))", "print(losses, type(losses[0]))", "losses.append(total)"),
    "by item": ("losses = []", "losses.append(total.item())", "print(losses[-1])", "losses.append(total)"),
    "named first": (
        "losses = []", "loss = float(total)\n        losses.append(loss)", "print(sum(losses))", "loss = total",
    ),
    "added up": ("energy = 0.0", "energy += float(total)", "print(energy)", "energy_parts.append(total)"),
    "with its turn": (
        "seen = []", "seen.append((turn, float(total), 'a  b'))", "print(seen)", "seen.append((turn, total))",
    ),
    "in a dict": (
        "seen = []", "seen.append({'turn': turn, 'rate': 0.9 ** turn, 'total': float(total)})", "print(seen)",
        "seen.append((turn, 0.9 ** turn, total))",
    ),
    "two at once": (
        "seen = []", "seen.append([float(total), float(x[0]), x.shape[0]])", "print(seen)",
        "seen.append((total, x[0], x.shape[0]))",
    ),
    "two lists": (
        "a, b = [], []", "a.append(float(total))\n        b.append(round(float(x[1]), 3))", "print(a, b)", "b.append(x[1])",
    ),
    "of a history": (
        "history = {'total': [], 'first': []}",
        "history['total'].append(float(total))\n        history['first'].append(float(x[0]))", "print(history)",
        "history['first'].append(x[0])",
    ),
    "of a mean": (
        "mean, n = 0.0, 0", "mean += float(total) * x.shape[0] / (n + 1)\n        n += 1", "print(mean / n)",
        "mean_parts.append((total, x.shape[0], n + 1))",
    ),
    "into places": (
        "seen = np.zeros(12)", "seen[turn] = float(total)", "print(seen)", "seen_parts.append((turn, total))",
    ),
    "metrics": (
        "said = []", "row = dict(total=total, first=x[0])\n        said.append({k: float(v) for k, v in row.items()})",
        "print(said)", "said.append(list(row.items()))",
    ),
    "collected and now and then printed": (
        "losses = []",
        "total = float(total)\n        losses.append(total)\n        if turn % 5 == 0:\n            print(f'{turn} {total:.3f}')",
        "print(losses, total)", "total = float(total)",
    ),
    "epochs and a history": (
        "seen = {'all': []}\n    for epoch in range(3):\n      mean = 0.0\n      for turn in range(12):\n"
        "        x, total = step(x)\n        mean += float(total)\n        seen['all'].append((epoch, float(total)))\n"
        "      print(epoch, mean / 12)",
        "pass", "print(seen)", "seen['all'].append((epoch, total))",
    ),
    "epochs": (
        "for epoch in range(3):\n      mean = 0.0\n      for turn in range(12):\n"
        "        x, total = step(x)\n        mean += float(total)\n      print(epoch, mean / 12)",
        "pass", "pass", "mean_parts.append(total)",
    ),
    "as an array": ("parts = []", "parts.append(jax.device_get(x))", "print(np.stack(parts).sum())", "parts.append(x)"),
}  # fmt: skip
LEFT = {
    "printed": ("", "print(float(total))", "", "printed in each turn"),
    "decides": ("", "if float(total) < 1e-9: break", "", "decides what the next turn does"),
    "read in the loop": (
        "losses = [9.0]", "losses.append(float(total))\n        print(losses[-1])", "", "used in line",
    ),
    "a list that began full": ("losses = [9.0]", "losses.append(float(total))", "print(losses)", "begins empty"),
    "read by a function": (
        "losses = []\n    def last():\n        return losses[-1]", "losses.append(float(total))", "print(last())",
        "a function reads",
    ),
    "handed on": ("", "x = x * float(total)", "print(x)", "goes on working"),
    "read in the next turn": (
        "seen = {}", "loss = float(total) if turn else 1.0\n        seen[turn] = loss", "print(seen)", "goes on working",
    ),
    "looked up in the loop": (
        "seen = {}", "seen[turn] = float(total)\n        x = x * seen.get(turn - 1, 1.0)", "print(seen)", "used in line",
    ),
    "one object in all turns": (
        "said, row = [], []", "row[:] = [total, x[0]]\n        said.append([float(v) for v in row])",
        "print(said)", "the same object",
    ),
    "beside what changes": (
        "energy, w = 0.0, np.ones(3)", "energy += float(total) * w[0]\n        w *= 2", "print(energy)", "stands beside",
    ),
    "of the turn before": (
        "losses = []", "if turn and loss < -1: break\n        loss = float(total)\n        losses.append(loss)",
        "print(losses)", "of the turn before",
    ),
    "bound before as well": (
        "loss = None", "loss = float(total)\n        if turn == 5: print(loss)", "print(loss)", "as well",
    ),
    "handed back early": (
        "losses = []", "losses.append(float(total))\n        if turn > 20: return losses", "", "hand something back",
    ),
}  # fmt: skip


@pytest.mark.parametrize("way", KEPT)
def test_it_is_fetched_once_behind_the_loop(tmp_path, way):
    before, turn, after, line = KEPT[way]
    lines, _ = done(tmp_path, of(tmp_path, "host-sync-in-loop", LOOP.format(before=before, turn=turn, after=after)))
    assert any(one.strip() == line for one in lines) and any("jax.device_get(" in one for one in lines)


@pytest.mark.parametrize("way", LEFT)
def test_what_the_loop_needs_stays(tmp_path, way):
    before, turn, after, said = LEFT[way]
    code = LOOP.format(before=before or "pass", turn=turn, after=after or "pass")
    tried = of(tmp_path, "host-sync-in-loop", code)
    assert not tried.changes
    assert tried.refused and all(said in one.text for one in tried.refused), tried.refused


READ = """
@jax.jit
def step(x):
    return x * 0.9, jnp.sum(x), jnp.max(x)


def main():
    x = jnp.ones(5)
    for turn in range(200):
        x, total, top = step(x)
        {fetch}
        {between}
        if turn % 50 == 0:
            print({said})
    {after}


main()
"""
TWO = "total, top = float(total), float(top)"


@pytest.mark.parametrize(("fetch", "said"), [(TWO, "f'{total:.3f}', top"), ("loss = total.item()", "round(loss, 3)")])
def test_what_only_a_branch_reads_is_fetched_there(tmp_path, fetch, said):
    tried = of(tmp_path, "host-sync-in-loop", READ.format(fetch=fetch, between="pass", said=said, after="pass"))
    lines, evidence = done(tmp_path, tried)
    assert lines == [f"            {fetch}"]
    assert sum(one.count for one in evidence.syncs) <= 8


@pytest.mark.parametrize(
    ("between", "after"),
    [("x = x + 0 * total", "pass"), ("total = total + 1", "pass"), ("total += 1", "pass")],
)
def test_what_else_is_done_with_it_keeps_it(tmp_path, between, after):
    tried = of(tmp_path, "host-sync-in-loop", READ.format(fetch=TWO, between=between, said="total, top", after=after))
    assert not tried.changes
