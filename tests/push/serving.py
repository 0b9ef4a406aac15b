"""An ASGI application behind a real uvicorn, on a free port of loopback, in the test's loop."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp

from tests.running import until


@asynccontextmanager
async def served(app: ASGIApp, listening: socket.socket) -> AsyncIterator[None]:
    """Serve *app* while the context is open."""
    # Whoever is still answered slowly must not hold up the end of the test.
    config = uvicorn.Config(
        app, ws="websockets-sansio", lifespan="off", log_level="critical", timeout_graceful_shutdown=1
    )
    serving = uvicorn.Server(config)
    serving.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(serving.serve([listening]))
        await until(lambda: serving.started or task.done())
        try:
            yield
        finally:
            serving.should_exit = True
