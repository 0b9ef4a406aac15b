"""One subscription at the tests' push service: what came for it, and what the service answers."""

import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.push.keys import BrowserKeys
from tests.push.strictness import Refusal


@dataclass(frozen=True)
class Push:
    """One that came: what it said of itself, and what only the browser can read."""

    headers: Mapping[str, str]
    body: bytes
    refused: Refusal | None = None

    @property
    def ttl_s(self) -> int:
        """How long it is of use."""
        return int(self.headers["ttl"])

    @property
    def topic(self) -> str:
        """What it replaces as long as that is not delivered."""
        return self.headers["topic"]


@dataclass(frozen=True)
class Answer:
    """What the service does in place of its duty."""

    status: int = 201
    headers: Mapping[str, str] = field(default_factory=dict)
    after_s: float = 0
    words: str = ""


@dataclass
class Box:
    """One subscription at the service."""

    endpoint: str
    application_key: str
    # None where a real browser has them.
    keys: BrowserKeys | None = None
    deliver: Callable[[Push], None] = lambda push: None
    # What is answered next, one by one, then always; without either the service does its duty.
    next_answers: deque[Answer] = field(default_factory=deque)
    always: Answer | None = None
    # Everything that came, also what was refused or answered otherwise.
    received: list[Push] = field(default_factory=list)

    @property
    def subscription(self) -> dict[str, Any]:
        """What the app hands to the hub."""
        assert self.keys is not None, "a browser holds the keys of this one"
        return self.keys.subscription(self.endpoint)

    @property
    def refused(self) -> list[Refusal]:
        """What was wrong with what came."""
        return [push.refused for push in self.received if push.refused]

    def messages(self) -> list[Any]:
        """Return what came, decrypted, oldest first."""
        assert self.keys is not None, "a browser holds the keys of this one"
        return [json.loads(self.keys.decrypt(push.body)) for push in self.received]

    def expire(self) -> None:
        """Let the subscription be gone, for good."""
        self.always = Answer(410)

    def answer(self, status: int, *, after_s: float = 0, words: str = "", **headers: str) -> None:
        """Answer the next push like this; ``retry_after="3"`` is the header Retry-After."""
        named = {name.replace("_", "-").title(): value for name, value in headers.items()}
        self.next_answers.append(Answer(status, named, after_s, words))
