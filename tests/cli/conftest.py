"""The command line as a shell has it: arguments and environment in; two streams and an exit code out."""

import io
import json
import logging
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog

from hub import cli
from tests.running import SECRET


@dataclass(frozen=True)
class Ran:
    """What came of one command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON document that standard output is."""
        assert self.code == 0, self.err
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """The JSON documents of standard output, one a line."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def refusal(self) -> str:
        """The one line that says why it was refused; it must be one, and nothing else be said."""
        assert self.out == ""
        assert self.err.count("\n") == 1, self.err
        return self.err.strip()


@dataclass
class Shell:
    """Runs ``hub …`` in this process: starting Python for each would take the tests minutes."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    @property
    def database(self) -> str:
        """The address of the database that commands use by default here."""
        return f"sqlite+aiosqlite:///{self.folder}/hub.db"

    def __call__(self, *arguments: str, stdin: str = "", **environment: str | None) -> Ran:
        """Run a command; *environment* adds settings to HUB_SECRET_KEY, or (None) takes one away."""
        with self.monkeypatch.context() as patch:
            for name in [name for name in os.environ if name.startswith("HUB_")]:
                patch.delenv(name)
            for name, value in {"HUB_SECRET_KEY": SECRET, **environment}.items():
                if value is not None:
                    patch.setenv(name, value)
            patch.chdir(self.folder)
            patch.setattr(sys, "argv", ["hub", *arguments])
            patch.setattr(sys, "stdin", io.StringIO(stdin))
            with pytest.raises(SystemExit) as ended:
                cli.main()
        said = self.capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Ran(ended.value.code, said.out, said.err)


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Shell]:
    """A shell in an empty folder with a secret key in its environment."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield Shell(tmp_path, monkeypatch, capsys)
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()
