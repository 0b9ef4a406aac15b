"""Connections for web pushes: to public addresses alone, whatever a name leads to at which moment."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from httpcore2 import (
    SOCKET_OPTION,
    AnyIOBackend,
    AsyncNetworkBackend,
    AsyncNetworkStream,
    ConnectError,
    ConnectTimeout,
)

from hub.domain.endpoint import ForbiddenAddress, Rules, is_public

# One address that takes connections and says nothing must leave time for the next.
CONNECT_WITHIN_S = 3.0

Resolve = Callable[[str, int], Awaitable[list[str]]]


class GuardedNetwork(AsyncNetworkBackend):
    """TCP for an HTTP client.

    A name is resolved once, every address of it is checked, and the connection goes to a checked address and
    not to the name: nothing can change in between. TLS still asks for the name, and checks it.
    """

    def __init__(self, rules: Rules, resolve: Resolve, network: AsyncNetworkBackend | None = None) -> None:
        self._rules = rules
        self._resolve = resolve
        self._network = network or AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # the base class's name
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connect; raises ForbiddenAddress where the name leads to any address that is not public."""
        addresses = await self._resolve(host, port)
        if not self._rules.trusts(host, port) and not all(map(is_public, addresses)):
            raise ForbiddenAddress("its name leads to an address that is not public")
        failed: Exception = ConnectError("the name leads nowhere")
        for address in addresses:
            try:
                return await self._network.connect_tcp(
                    address, port, timeout or CONNECT_WITHIN_S, local_address, socket_options
                )
            except (ConnectError, ConnectTimeout) as error:
                failed = error
        raise failed


class Resolver:
    """The system's resolver, in threads of its own: a slow name server must hold up nothing else."""

    def __init__(self, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="push-resolver")

    async def __call__(self, host: str, port: int) -> list[str]:
        """Return the addresses of *host*, each once; raises ConnectError where there are none."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._pool, _addresses, host, port)
        except (OSError, UnicodeError) as error:
            raise ConnectError(str(error)) from error

    def close(self) -> None:
        """Take no more; what is under way is not waited for."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _addresses(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))
