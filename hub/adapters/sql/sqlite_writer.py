"""The one who writes to a SQLite file: transactions in the order they come, committed in groups.

A commit waits for the disk. Those who come meanwhile wait for it, then each runs in a savepoint of the next
transaction, and one commit is for all of them; nobody goes on before his own is on the disk.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from hub.adapters.sql.errors import plainly
from hub.domain.errors import Unavailable

TURN_WITHIN_S = 10.0
LOCK_WITHIN_S = 5.0
ASK_EVERY_S = 0.005
GROUP = 32
STATEMENTS = 300


class SqliteWriter:
    """One connection that writes; whoever has the turn has it alone."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._raw: sqlite3.Connection | None = None
        self._is_taken = False
        self._queue: deque[asyncio.Future[None]] = deque()
        self._group: list[asyncio.Future[None]] = []
        self._loop = asyncio.get_running_loop()
        # The thread of the commits: in the loop's own they would stop everything while the disk works.
        self._thread = ThreadPoolExecutor(1, "sqlite-commit")

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[sqlite3.Connection]:
        """Have the turn; an exception undoes what was done in it. Raises Unavailable."""
        await self._take_turn()
        try:
            raw = await self._begun()
            with plainly():
                raw.execute("SAVEPOINT mine")
            try:
                yield raw
            except BaseException:
                self._undo(raw)
                raise
            with plainly():
                raw.execute("RELEASE mine")
            committed: asyncio.Future[None] = self._loop.create_future()
            self._group.append(committed)
        finally:
            self._pass_on()
        await committed

    async def close(self) -> None:
        """Close the connection; nobody may be at work any more."""
        self._thread.shutdown(wait=True)
        if self._raw is not None:
            self._raw.close()
            self._raw = None

    async def _take_turn(self) -> None:
        if not self._is_taken:
            self._is_taken = True
            return
        turn: asyncio.Future[None] = self._loop.create_future()
        self._queue.append(turn)
        try:
            async with asyncio.timeout(TURN_WITHIN_S):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                # It came at the very moment: somebody else must have it.
                self._pass_on()
            if isinstance(error, TimeoutError):
                raise Unavailable from error
            raise

    async def _begun(self) -> sqlite3.Connection:
        """Return the connection in a transaction: the group's, or a new one once no other process writes."""
        give_up_at = self._loop.time() + LOCK_WITHIN_S
        with plainly():
            while True:
                try:
                    return self._begin()
                except sqlite3.OperationalError as error:
                    is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                    if not is_busy or self._loop.time() >= give_up_at:
                        self._fail(error)
                        raise
                # Asked in the database's own way, the loop would stand still.
                await asyncio.sleep(ASK_EVERY_S)

    def _begin(self) -> sqlite3.Connection:
        if self._raw is None:
            # FULL: NORMAL could lose a denial at a power loss.
            pragmas = {"journal_mode": "WAL", "synchronous": "FULL", "foreign_keys": "ON"}
            self._raw = connect(self._file, **pragmas)
        if not self._raw.in_transaction:
            self._raw.execute("BEGIN IMMEDIATE")
        return self._raw

    def _undo(self, raw: sqlite3.Connection) -> None:
        """Undo one transaction; where the database itself gave up, the whole group's is undone already."""
        try:
            raw.execute("ROLLBACK TO mine")
            raw.execute("RELEASE mine")
        except sqlite3.Error as error:
            self._fail(error)

    def _pass_on(self) -> None:
        """Give the turn to the next, or commit if nobody is waiting or enough have had it."""
        while self._queue and len(self._group) < GROUP:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        if self._raw is not None and self._group:
            commit = self._thread.submit(self._raw.execute, "COMMIT")
            asyncio.wrap_future(commit, loop=self._loop).add_done_callback(self._committed)
            return
        if self._raw is not None:
            # Whoever began it failed: there is nothing in it.
            self._raw.rollback()
        self._is_taken = False

    def _committed(self, commit: asyncio.Future[sqlite3.Cursor]) -> None:
        """Tell the group, then let the next begin."""
        error = commit.exception()
        if error is not None:
            self._fail(error)
        group, self._group = self._group, []
        for each in group:
            if not each.done():
                each.set_result(None)
        self._pass_on()

    def _fail(self, error: BaseException) -> None:
        """Tell the group that none of it was written, and begin anew with another connection."""
        group, self._group = self._group, []
        for each in group:
            if not each.done():
                refused = Unavailable()
                refused.__cause__ = error
                each.set_exception(refused)
        if self._raw is not None:
            self._raw.close()
            self._raw = None


def connect(file: str, **pragmas: str) -> sqlite3.Connection:
    """Open *file* with *pragmas*; transactions are begun and ended by hand alone."""
    raw = sqlite3.connect(
        file, isolation_level=None, check_same_thread=False, cached_statements=STATEMENTS, timeout=0
    )
    try:
        for name, value in pragmas.items():
            raw.execute(f"PRAGMA {name}={value}")
    except BaseException:
        raw.close()
        raise
    return raw
