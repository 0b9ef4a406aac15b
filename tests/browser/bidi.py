"""WebDriver BiDi, the standard's own protocol, over a WebSocket: commands and their results, and events."""

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

ANSWER_WITHIN_S = 30.0


class BiDiError(AssertionError):
    """The browser could not do it, or a script threw; the text is the browser's."""


@dataclass
class BiDi:
    """One session."""

    connection: ClientConnection
    # What pages and workers wrote to the console, and what they threw.
    log: list[str] = field(default_factory=list)
    _waiting: dict[int, asyncio.Future[dict[str, Any]]] = field(default_factory=dict)
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    @classmethod
    @asynccontextmanager
    async def over(cls, connection: ClientConnection) -> AsyncIterator[Self]:
        """Speak over *connection* while the context is open."""
        bidi = cls(connection)
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(bidi._read())
            yield bidi
            reading.cancel()

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Do one command; raises BiDiError where the browser refuses it."""
        number = next(self._numbers)
        future = self._waiting[number] = asyncio.get_running_loop().create_future()
        await self.connection.send(json.dumps({"id": number, "method": method, "params": params}))
        async with asyncio.timeout(ANSWER_WITHIN_S):
            answer = await future
        if answer["type"] == "error":
            raise BiDiError(f"{method}: {answer['error']}: {answer['message']}")
        result: dict[str, Any] = answer["result"]
        return result

    async def evaluate(self, expression: str, target: dict[str, str]) -> Any:
        """Return the value of *expression*, awaited, as JSON carries it; raises BiDiError where it throws."""
        result = await self.call(
            "script.evaluate",
            expression=f"(async () => JSON.stringify((await ({expression})) ?? null))()",
            target=target,
            awaitPromise=True,
            # What a page may do at a click alone, it may do here.
            userActivation="context" in target,
        )
        if result["type"] == "exception":
            raise BiDiError(result["exceptionDetails"]["text"])
        return json.loads(result["result"]["value"])

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for frame in self.connection:
                self._take(json.loads(frame))
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(BiDiError("Firefox is gone"))

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "event":
            entry = message["params"]
            self.log.append(f"{entry.get('level')}: {entry.get('text')}")
            return
        future = self._waiting.pop(message["id"], None)
        if future and not future.done():
            future.set_result(message)
