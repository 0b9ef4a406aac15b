"""The WebSocket side of a push service as Firefox speaks it: the autopush protocol.

A browser says hello, registers channels, and is sent the pushes for them as they came: still encrypted.
"""

import asyncio
import base64
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.push.box import Box, Push

SUBPROTOCOL = "push-notification"


@dataclass
class Agent:
    """One browser, known by its id; what comes while it is away waits, by topic (RFC 8030 section 5.4)."""

    id: str
    channels: dict[str, Box] = field(default_factory=dict)
    outbox: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)
    waiting: dict[str, dict[str, Any]] = field(default_factory=dict)
    present: bool = False
    acknowledged: list[str] = field(default_factory=list)

    def hand_over(self, channel: str, push: Push) -> None:
        """Send a push on, now or when the browser is back."""
        notification = {
            "messageType": "notification",
            "channelID": channel,
            "version": secrets.token_hex(8),
            "data": base64.urlsafe_b64encode(push.body).rstrip(b"=").decode(),
            "headers": {"encoding": push.headers["content-encoding"]},
        }
        if self.present:
            self.outbox.put_nowait(notification)
        else:
            self.waiting[push.topic] = notification

    def come_back(self) -> None:
        """Send what waited."""
        self.present = True
        for notification in self.waiting.values():
            self.outbox.put_nowait(notification)
        self.waiting.clear()


@dataclass
class Autopush:
    """All browsers of one push service."""

    open_box: Callable[[str], Box]
    agents: dict[str, Agent] = field(default_factory=dict)

    async def serve(self, socket: WebSocket) -> None:
        """Speak with one browser until it leaves."""
        await socket.accept(subprotocol=SUBPROTOCOL)
        try:
            hello = await socket.receive_json()
            # An unknown id, as none at all, gets a new one: the browser then forgets its subscriptions.
            agent = self.agents.get(hello.get("uaid", "")) or Agent(uuid.uuid4().hex)
            self.agents[agent.id] = agent
            said = {"messageType": "hello", "uaid": agent.id, "status": 200}
            await socket.send_json({**said, "use_webpush": True, "broadcasts": {}})
            agent.come_back()
            async with asyncio.TaskGroup() as both:
                sending = both.create_task(_send(socket, agent.outbox))
                try:
                    while True:
                        self._answer(agent, await socket.receive_json())
                except WebSocketDisconnect:
                    agent.present = False
                    sending.cancel()
        except WebSocketDisconnect:
            return

    def _answer(self, agent: Agent, said: dict[str, Any]) -> None:
        channel = said.get("channelID", "")
        match said.get("messageType"):
            case None | "ping":
                agent.outbox.put_nowait({})
            case "register":
                # Firefox pads the key; the header of VAPID does not.
                box = agent.channels[channel] = self.open_box(said["key"].rstrip("="))
                box.deliver = lambda push: agent.hand_over(channel, push)
                agent.outbox.put_nowait(_said("register", channel, pushEndpoint=box.endpoint))
            case "unregister":
                if channel in agent.channels:
                    agent.channels.pop(channel).expire()
                agent.outbox.put_nowait(_said("unregister", channel))
            case "ack":
                agent.acknowledged += [update["version"] for update in said["updates"]]
            case _:
                # Broadcasts and what a browser could not read ask for no answer.
                return


def _said(kind: str, channel: str, **more: str) -> dict[str, Any]:
    return {"messageType": kind, "status": 200, "channelID": channel, **more}


async def _send(socket: WebSocket, outbox: asyncio.Queue[dict[str, Any]]) -> None:
    while True:
        await socket.send_json(await outbox.get())
