"""The server: uvicorn as the hub needs it, one process or several on one port."""

import gc
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.context import SpawnProcess
from types import FrameType

import structlog
import uvicorn

from hub.app import Hub
from hub.logs import set_up_logs
from hub.protocol import FRAME_MAX_BYTES, HEARTBEAT_S
from hub.settings import Settings

BACKLOG = 4096
USER_TIMEOUT_MS = 10_000
DRAIN_WITHIN_S = 5.0
COULD_NOT_START = 1
TRY_AGAIN_AFTER_S = 1.0
# Collect seldom: a connection is a handful of long-lived objects, and none of them is a circle.
COLLECTOR_THRESHOLDS = (50_000, 20, 100)

log = structlog.get_logger()


class Server(uvicorn.Server):
    """uvicorn that tells the hub before it closes anything."""

    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self.hub = hub

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then leave alone what lives as long as the process."""
        await super().startup(sockets)
        gc.collect()
        gc.freeze()
        gc.set_threshold(*COLLECTOR_THRESHOLDS)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain: long polls end, answers under way are finished, then every socket is told 1012."""
        services = self.hub.services
        if services is not None:
            services.draining.begin()
            await services.draining.finished(within_s=DRAIN_WITHIN_S)
        await super().shutdown(sockets)


def listen(host: str, port: int) -> socket.socket:
    """Return the listening socket.

    ``TCP_USER_TIMEOUT`` is inherited by each connection: a peer that stops reading pins what is sent to it,
    and only the kernel can let go of that.

    Raises:
        OSError: the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except OSError:
        listening.close()
        raise
    listening.set_inheritable(True)
    return listening


def server(settings: Settings) -> Server:
    """Return a server of one process."""
    hub = Hub(settings)
    config = uvicorn.Config(
        hub,
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=FRAME_MAX_BYTES,
        ws_ping_interval=HEARTBEAT_S,
        ws_ping_timeout=HEARTBEAT_S,
        ws_per_message_deflate=False,
        lifespan="on",
        backlog=BACKLOG,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        server_header=False,
        date_header=False,
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=int(DRAIN_WITHIN_S),
    )
    return Server(config, hub)


def run(settings: Settings, listening: socket.socket) -> bool:
    """Serve in this process until a signal ends it; say whether it ever started."""
    serving = server(settings)
    # uvicorn leaves the process where it cannot start; why is in the log.
    with suppress(SystemExit):
        serving.run([listening])
    return serving.started


def _work(settings: Settings, listening: socket.socket) -> None:
    set_up_logs(settings.log_level)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if not run(settings, listening):
        raise SystemExit(COULD_NOT_START)


def _end_with_parent() -> None:
    """Drain once the parent is gone, however it went: else the port stays taken, and nobody would notice."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


class Workers:
    """Several processes on one listening socket; one that dies is replaced."""

    def __init__(self, settings: Settings, listening: socket.socket, count: int) -> None:
        self._settings = settings
        self._listening = listening
        self._count = count
        self._context = multiprocessing.get_context("spawn")
        self._workers: list[SpawnProcess] = []
        self._stopping = False

    def run(self) -> None:
        """Serve until a signal ends it."""
        with self._signals():
            self._workers = [self._start() for _ in range(self._count)]
            while not self._stopping:
                for at, worker in enumerate(self._workers):
                    worker.join(timeout=0.5 / self._count)
                    if worker.exitcode is None or self._stopping:
                        continue
                    log.warning("worker.died", exit_code=worker.exitcode)
                    if worker.exitcode == COULD_NOT_START:
                        # The parent could, with the same settings: the database is away, it may be.
                        time.sleep(TRY_AGAIN_AFTER_S)
                    self._workers[at] = self._start()
            for worker in self._workers:
                worker.join(timeout=2 * DRAIN_WITHIN_S + 5)
                if worker.exitcode is None:
                    worker.kill()

    def _start(self) -> SpawnProcess:
        worker = self._context.Process(target=_work, args=(self._settings, self._listening))
        worker.start()
        return worker

    def _stop(self, _: int, __: FrameType | None) -> None:
        self._stopping = True
        for worker in self._workers:
            if worker.is_alive():
                worker.terminate()

    @contextmanager
    def _signals(self) -> Iterator[None]:
        ours = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self._stop) for number in ours}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
