"""What JAX calls after each call that its C++ cache answered."""

from __future__ import annotations

from typing import Any

from jax._src import api, config


def get_post_hook() -> Any:
    state = getattr(api, "_post_hook_state", None)
    return state.get_global() if state is not None else _global_jit_state().post_hook


def set_post_hook(hook: Any) -> None:
    """What JAX calls after each call that its C++ cache answered."""
    state = getattr(api, "_post_hook_state", None)
    if state is not None:
        state.set_global(hook)
    else:
        _global_jit_state().post_hook = hook


def _global_jit_state() -> Any:
    from jax._src.lib import jax_jit

    return jax_jit.global_state()


def fix_post_hook_threads() -> None:
    """`with debug_nans(False)`, which JAX uses inside, would leave None in a thread and hide the global hook there."""
    state = getattr(api, "_post_hook_state", None)
    if state is None:
        return
    unset = config.config_ext.unset

    def update(_: Any) -> None:
        on = config.debug_nans.get_local() is True or config.debug_infs.get_local() is True
        state.set_local(api._nan_check_posthook if on else unset)

    for setting in (config.debug_nans, config.debug_infs):
        setting._update_thread_local_hook = update
    if state.get_local() is None:
        state.set_local(unset)
