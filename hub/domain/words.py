"""Text that one person writes and another reads."""

import unicodedata

from hub.domain.errors import FieldError

# Controls, halves of surrogate pairs, line and paragraph ends.
_UNREADABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})
# What turns the direction of writing around, so that a text reads as another one.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def is_readable(text: str) -> bool:
    """Whether *text* stands on one line and reads as it is written; emoji and no-break spaces do."""
    return not any(unicodedata.category(letter) in _UNREADABLE or letter in _TURNING for letter in text)


def name_errors(text: str, field: str, longest: int) -> list[FieldError]:
    """Return what is wrong with a name that a person reads; *field* is where it was sent."""
    if not text.strip() or len(text) > longest or not is_readable(text):
        return [FieldError(field, f"1 to {longest} characters that can be read.")]
    return []
