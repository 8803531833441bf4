"""Messages of JAX, XLA and their libraries that users meet: what they mean, and what to do next."""

from jaxaudit.steps.messages import (
    carries,
    constants,
    environment,
    gradients,
    keys,
    libraries,
    memory,
    shapes,
    sharding,
    static,
    tracing,
)
from jaxaudit.steps.messages.message import Message, best

__all__ = ["MESSAGES", "Message", "meanings"]

MESSAGES: tuple[Message, ...] = (
    *constants.MESSAGES,
    *static.MESSAGES,
    *tracing.MESSAGES,
    *gradients.MESSAGES,
    *carries.MESSAGES,
    *shapes.MESSAGES,
    *keys.MESSAGES,
    *memory.MESSAGES,
    *sharding.MESSAGES,
    *environment.MESSAGES,
    *libraries.MESSAGES,
)


def meanings(text: str) -> tuple[Message, ...]:
    """The messages that stand in a pasted text, the one that explains most of it first. None: it is not known."""
    return best(MESSAGES, text)
