"""The first five minutes: what is asked once, and the settings file that comes of it."""

import io
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

import segno

from hub.domain.address import PublicUrl


@dataclass(frozen=True, slots=True)
class Answers:
    """What a new hub needs to know."""

    public_url: str
    tenant: str
    name: str
    email: str

    @property
    def address(self) -> PublicUrl:
        """The public address; raises ValueError where it can be none."""
        return PublicUrl.parse(self.public_url)


def settings_text(answers: Answers) -> str:
    """Return the settings file's content, with a fresh secret key; raises ValueError as ``address``."""
    lines = [
        "# Settings of this hub. Keep it secret, and keep a copy: without the key the database is of no use.",
        f"HUB_PUBLIC_URL={answers.address.origin}",
        f"HUB_SECRET_KEY={secrets.token_urlsafe(48)}",
        f"HUB_DATABASE_URL=sqlite+aiosqlite:///{Path('hub.db').resolve()}",
    ]
    scheme, _, rest = answers.address.origin.partition("://")
    port = rest.rsplit(":", 1)[-1]
    if scheme == "http":
        lines.append(f"HUB_PORT={port if port.isdigit() else 80}")
    return "\n".join(lines) + "\n"


def picture(text: str) -> str:
    """Return *text* as a QR code of half blocks, for a terminal."""
    drawn = io.StringIO()
    segno.make(text, error="m").terminal(drawn, compact=True)
    return drawn.getvalue()


def write_settings(path: Path, text: str) -> None:
    """Write a new file that only its owner can read; raises FileExistsError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
