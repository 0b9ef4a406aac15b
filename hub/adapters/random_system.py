"""The operating system's random numbers."""

import secrets


class Randomness:
    """Chance that nobody can guess; nothing is seeded and nothing is kept."""

    def entropy(self, size: int) -> bytes:
        """Return *size* random bytes."""
        return secrets.token_bytes(size)

    def digits(self, count: int) -> str:
        """Return *count* uniformly chosen decimal digits, leading zeros included."""
        return f"{secrets.randbelow(10**count):0{count}}"
