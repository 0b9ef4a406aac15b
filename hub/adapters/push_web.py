"""Web push (RFC 8030): one attempt to hand a message to the service that a browser named."""

import asyncio
import email.utils
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

import httpcore2
import structlog

from hub.adapters.push_address import GuardedNetwork, Resolve, Resolver
from hub.adapters.push_encryption import Receiver, encrypt
from hub.adapters.push_vapid import Vapid
from hub.domain.endpoint import Endpoint, ForbiddenAddress, Rules
from hub.ports import Clock, Push, PushAnswer, PushResult
from hub.protocol import PUSH_PLAINTEXT_MAX_BYTES, PushSubscription

log = structlog.get_logger(__name__)

ANSWER_WITHIN_S: Final = 10.0
ANSWER_MAX_BYTES: Final = 4096
WORDS_MAX: Final = 200
CONNECTIONS: Final = 64
KEPT_FOR_S: Final = 60.0
RESOLVER_THREADS: Final = 16
RETRY_AFTER_MAX_S: Final = 3600.0
# What a service may quote is the endpoint, which is as good as a password: addresses and long tokens.
_SECRETIVE: Final = re.compile(r"\w+://\S+|[\w.~+/=-]{24,}")


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    retry_after: str | None
    words: str


@dataclass(slots=True)
class WebPusher:
    """Implements ports.Pusher; a context, which closes what it holds.

    No redirects are followed, no proxy of the environment is used, no more than a few KiB of an answer are
    read, and nothing of it is shown to anybody but the operator.
    """

    vapid: Vapid
    clock: Clock
    allowed: Collection[str] = ()
    resolve: Resolve | None = None
    network: httpcore2.AsyncNetworkBackend | None = None
    within_s: float = ANSWER_WITHIN_S
    _rules: Rules = field(init=False)
    _resolver: Resolver = field(init=False)
    _http: httpcore2.AsyncConnectionPool = field(init=False)

    def __post_init__(self) -> None:
        self._rules = Rules(frozenset(self.allowed))
        self._resolver = Resolver(RESOLVER_THREADS)
        self._http = httpcore2.AsyncConnectionPool(
            # Made once: to read the certificates again for each connection would hold up everything.
            ssl_context=httpcore2.default_ssl_context(),
            max_connections=CONNECTIONS,
            max_keepalive_connections=CONNECTIONS // 2,
            keepalive_expiry=KEPT_FOR_S,
            network_backend=GuardedNetwork(self._rules, self.resolve or self._resolver, self.network),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()
        self._resolver.close()

    @property
    def public_key(self) -> str:
        """The VAPID key that browsers subscribe with."""
        return self.vapid.public_key

    def takes(self, subscription: PushSubscription) -> bool:
        """Whether its endpoint may be one and its keys are keys; nothing is contacted."""
        try:
            self._rules.check(subscription.endpoint)
            Receiver.read(subscription.keys)
        except (ForbiddenAddress, ValueError):
            return False
        return True

    async def send(self, push: Push) -> PushAnswer:
        """Send once, within the deadline; never raises for what the service does."""
        plaintext = push.payload.encode()
        if len(plaintext) > PUSH_PLAINTEXT_MAX_BYTES:
            raise ValueError("the payload is too long for a web push")
        host = ""
        try:
            endpoint = self._rules.check(push.subscription.endpoint)
            host = endpoint.host
            body = encrypt(plaintext, push.subscription.keys)
            async with asyncio.timeout(self.within_s):
                answer = await self._post(endpoint, self._headers(endpoint, push), body)
        except ForbiddenAddress as error:
            log.warning("push.forbidden_address", host=host, reason=str(error))
            return PushAnswer(PushResult.FORBIDDEN_ADDRESS)
        except (
            httpcore2.NetworkError,
            httpcore2.TimeoutException,
            httpcore2.ProtocolError,
            OSError,
        ) as error:
            # TimeoutError is an OSError.
            log.info("push.no_answer", host=host, reason=type(error).__name__)
            return PushAnswer(PushResult.NO_ANSWER)
        return self._read(host, answer)

    def _headers(self, endpoint: Endpoint, push: Push) -> list[tuple[bytes, bytes]]:
        said = {
            "Host": endpoint.authority,
            "Authorization": self.vapid.authorization(endpoint.origin, self.clock.now()),
            "TTL": str(push.ttl_s),
            "Urgency": "high",
            "Topic": push.topic,
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
        }
        return [(name.encode(), value.encode()) for name, value in said.items()]

    async def _post(self, endpoint: Endpoint, headers: list[tuple[bytes, bytes]], body: bytes) -> _Answer:
        url = httpcore2.URL(
            scheme=endpoint.scheme.encode(),
            host=endpoint.host.encode(),
            port=endpoint.port,
            target=endpoint.target.encode(),
        )
        async with self._http.stream("POST", url, headers=headers, content=body) as response:
            read = b""
            async for chunk in response.aiter_stream():
                read += chunk
                if len(read) >= ANSWER_MAX_BYTES:
                    break
        found = {name.lower(): value for name, value in response.headers}
        retry_after = found.get(b"retry-after")
        words = read[:ANSWER_MAX_BYTES].decode("utf-8", "replace")
        return _Answer(response.status, retry_after.decode("latin-1") if retry_after else None, words)

    def _read(self, host: str, answer: _Answer) -> PushAnswer:
        status = answer.status
        if 200 <= status < 300:
            return PushAnswer(PushResult.TAKEN)
        if status in (404, 410):
            return PushAnswer(PushResult.GONE)
        if status in (408, 429) or status >= 500:
            log.info("push.later", host=host, status=status)
            return PushAnswer(PushResult.LATER, self._retry_after_s(answer.retry_after))
        log.warning("push.refused", host=host, status=status, words=_shown(answer.words))
        return PushAnswer(PushResult.REFUSED)

    def _retry_after_s(self, value: str | None) -> float | None:
        """Return seconds from now, out of seconds or an HTTP date (RFC 9110 section 10.2.3)."""
        if value is None:
            return None
        try:
            if value.strip().isdecimal():
                seconds = float(value)
            else:
                seconds = (email.utils.parsedate_to_datetime(value) - self.clock.now()).total_seconds()
        except (ValueError, TypeError):
            return None
        return min(max(seconds, 0.0), RETRY_AFTER_MAX_S)


def _shown(words: str) -> str:
    """Return a service's words as a log may show them: short, printable, without what opens anything."""
    printable = "".join(each if each.isprintable() else " " for each in words)
    return _SECRETIVE.sub("…", printable)[:WORDS_MAX].strip()
