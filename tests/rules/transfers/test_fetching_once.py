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
    "handed on": ("seen = {}", "seen[turn] = float(total)", "print(seen)", "goes on working"),
    "handed back early": (
        "losses = []", "losses.append(float(total))\n        if turn > 20: return losses", "", "used in line",
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
    [("x = x + 0 * total", "pass"), ("pass", "print(total)"), ("total = total + 1", "pass"), ("total += 1", "pass")],
)
def test_what_else_is_done_with_it_keeps_it(tmp_path, between, after):
    tried = of(tmp_path, "host-sync-in-loop", READ.format(fetch=TWO, between=between, said="total, top", after=after))
    assert not tried.changes
