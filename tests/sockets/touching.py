"""Answering with a fingerprint or a face."""

import base64
from typing import Any

from tests.sockets.world import Question


async def say(question: Question, token: str, **shown: Any) -> dict[str, Any]:
    """Send a decision with just that; return what the hub says to it."""
    await question.device.send({"type": "decide", "decision": token, **shown})
    while (reply := await question.device.next())["type"] not in ("decided", "error"):
        pass
    return reply


async def touch(question: Question, **forged: Any) -> dict[str, Any]:
    """Approve by a touch, in which *forged* is said wrongly."""
    token = question.decision()
    return await say(question, token, assertion=question.device.phone.assertion(token, **forged))


def raw(text: str) -> bytes:
    """Undo base64url without padding."""
    return base64.urlsafe_b64decode(text + "==")
