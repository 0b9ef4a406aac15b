"""web-push-testing (npm): a push service that others wrote, which decrypts what it is sent."""

import asyncio
import contextlib
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from tests.running import until
from tests.services import LOOPBACK, ServerBroken, ServerMissing, free_port

STARTER = Path(__file__).with_name("on_loopback.cjs")
PACKAGE = Path(__file__).parents[2] / "node_modules" / "web-push-testing"
START_WITHIN_S = 20.0
STOP_WITHIN_S = 5.0


@dataclass
class WebPushTesting:
    """The running service."""

    origin: str
    http: httpx2.AsyncClient

    async def subscribe(self, application_key: str) -> dict[str, Any]:
        """Subscribe with the VAPID key; return what the app hands to the hub."""
        said = await self._call(
            "/subscribe", {"userVisibleOnly": "true", "applicationServerKey": application_key}
        )
        return {"endpoint": said["data"]["endpoint"], "expirationTime": None, "keys": said["data"]["keys"]}

    async def messages(self, subscription: dict[str, Any]) -> list[str]:
        """Return what came for it, decrypted."""
        said = await self._call("/get-notifications", {"clientHash": _name(subscription)})
        messages: list[str] = said["data"]["messages"]
        return messages

    async def expire(self, subscription: dict[str, Any]) -> None:
        """Let it be gone: pushes are answered 410 from now on."""
        response = await self.http.post(f"/expire-subscription/{_name(subscription)}")
        assert response.status_code == 200, response.text

    async def _call(self, path: str, body: dict[str, str]) -> Any:
        response = await self.http.post(path, json=body)
        assert response.status_code == 200, response.text
        return response.json()

    async def is_up(self) -> bool:
        """Whether it answers."""
        with contextlib.suppress(httpx2.TransportError):
            return (await self.http.post("/status")).status_code == 200
        return False


def _name(subscription: dict[str, Any]) -> str:
    endpoint: str = subscription["endpoint"]
    return endpoint.rsplit("/", 1)[1]


@asynccontextmanager
async def web_push_testing(folder: Path) -> AsyncIterator[WebPushTesting]:
    """Run it on a free port of loopback while the context is open; its log goes to *folder*.

    Raises:
        ServerMissing: node or the package is not installed; the tests that need it fail, they never skip.
    """
    node = shutil.which("node")
    if node is None:
        raise ServerMissing("node", "nodejs")
    if not PACKAGE.is_dir():
        raise ServerMissing("web-push-testing", "of this name with npm")
    port = free_port()
    log = folder / "web-push-testing.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [node, STARTER, str(port)], stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
    try:
        # It calls itself localhost in what it hands out, and so must be named to the hub.
        origin = f"http://localhost:{port}"
        async with httpx2.AsyncClient(base_url=f"http://{LOOPBACK}:{port}", timeout=5) as http:
            service = WebPushTesting(origin, http)

            async def is_up() -> bool:
                if process.poll() is not None:
                    raise ServerBroken(f"web-push-testing ended:\n{log.read_text(errors='replace')}")
                return await service.is_up()

            await until(is_up, within_s=START_WITHIN_S)
            yield service
    finally:
        process.terminate()
        try:
            await asyncio.to_thread(process.wait, STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
