"""Number matching: whether the six digits are asked for, and whether they fit."""

import hmac

from hub.domain.tenant import MatchPolicy

DIGITS = 6


def is_required(policy: MatchPolicy, *, known_browser: bool) -> bool:
    """Whether an approval must carry the digits (``always`` is NIST SP 800-63B-4 section 3.1.3)."""
    return policy is MatchPolicy.ALWAYS or (policy is MatchPolicy.NEW_BROWSER and not known_browser)


def fits(shown: str, typed: str) -> bool:
    """Compare in constant time; *typed* may be anything that JSON can carry, lone surrogates too."""
    return hmac.compare_digest(shown.encode(), typed.encode("utf-8", "surrogatepass"))
