"""Where the six digits come from that only the waiting browser shows."""

import asyncio
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

DIGITS: Final = re.compile(r"[0-9]{6}")
FILE_LOOK_S: Final = 0.05


class Numbers(Protocol):
    """Where the six digits come from that only the waiting browser shows."""

    async def next(self) -> str | None:
        """Return the next line, or nothing where none will come any more."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """The same digits every time."""

    digits: str

    async def next(self) -> str | None:
        """Return them."""
        return self.digits


class NoNumbers:
    """Nobody and nothing to ask."""

    async def next(self) -> str | None:
        """Return nothing."""
        return None


class StreamNumbers:
    """Lines of a terminal or a pipe, in the order in which they come."""

    def __init__(self, fd: int, *, prompt: str = "") -> None:
        self._fd = fd
        self._prompt = prompt
        self._buffer = b""
        self._ended = False
        self._turn = asyncio.Lock()

    async def next(self) -> str | None:
        """Return the next line; waiting is ended by cancelling, and loses nothing."""
        async with self._turn:
            if self._prompt:
                print(self._prompt, end="", file=sys.stderr, flush=True)
            while b"\n" not in self._buffer and not self._ended:
                await self._readable()
                chunk = os.read(self._fd, 4096)
                self._ended = not chunk
                self._buffer += chunk
            line, _, self._buffer = self._buffer.partition(b"\n")
            return line.decode("utf-8", "replace").strip() if line or not self._ended else None

    async def _readable(self) -> None:
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        loop.add_reader(self._fd, ready.set)
        try:
            await ready.wait()
        except asyncio.CancelledError:
            if self._prompt:
                print(file=sys.stderr, flush=True)
            raise
        finally:
            loop.remove_reader(self._fd)


class FileNumbers:
    """Lines of a file that may still be empty, or not there yet: appended to, or written anew each time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_to = 0
        self._seen: tuple[int, int] | None = None
        self._turn = asyncio.Lock()

    async def next(self) -> str | None:
        """Return the next line that was not returned before; waiting is ended by cancelling."""
        async with self._turn:
            while (line := self._look()) is None:  # noqa: ASYNC110 - files tell nobody that they grew
                await asyncio.sleep(FILE_LOOK_S)
            return line

    def _look(self) -> str | None:
        try:
            with self._path.open("rb") as file:
                facts = os.fstat(file.fileno())
                version = (facts.st_ino, facts.st_mtime_ns)
                if version != self._seen and facts.st_size <= self._read_to:
                    self._read_to = 0
                file.seek(self._read_to)
                for line in file:
                    self._seen = version
                    self._read_to += len(line)
                    if line.strip():
                        return line.decode("utf-8", "replace").strip()
        except FileNotFoundError:
            pass
        return None


def numbers_from(option: str | None) -> Numbers:
    """Return the source that ``--match`` names: digits, ``@FILE``, ``-`` or, without it, the terminal.

    Raises:
        ValueError: neither six digits nor a source.
    """
    if option is None:
        if sys.stdin is not None and sys.stdin.isatty():
            return StreamNumbers(sys.stdin.fileno(), prompt="Number from the browser: ")
        return NoNumbers()
    if option == "-":
        stdin = Path("/dev/stdin")
        return FileNumbers(stdin) if stdin.is_file() else StreamNumbers(sys.stdin.fileno())
    if option.startswith("@") and len(option) > 1:
        path = Path(option[1:])
        if path.is_fifo():
            # Also for writing: else the pipe ends as soon as its first writer has gone.
            return StreamNumbers(os.open(path, os.O_RDWR))
        return FileNumbers(path)
    if not DIGITS.fullmatch(option):
        raise ValueError("--match takes six digits, @FILE, or - for standard input.")
    return Fixed(option)
