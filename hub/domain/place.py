"""Where a sign-in seems to come from, as the person judges it."""

from dataclasses import dataclass
from enum import Enum


class NoPlace(Enum):
    """Why there is no place to show."""

    OWN_NETWORK = "Your own network"
    NOT_KNOWN = "Place not known"


@dataclass(frozen=True, slots=True)
class Place:
    """An approximate place; a country-wide database knows no city and no coordinates."""

    country: str
    city: str | None = None
    latitude: float | None = None
    longitude: float | None = None

    @property
    def label(self) -> str:
        """The place in words; addresses are not exact, and the words say so."""
        where = f"{self.city}, {self.country}" if self.city else self.country
        return f"{where} (approximate)"


@dataclass(frozen=True, slots=True)
class Origin:
    """Who asks: address, place and browser, as far as the hub can tell."""

    ip: str
    place: Place | NoPlace
    browser: str
    os: str

    @property
    def location(self) -> str:
        """The place in words, also where there is none."""
        return in_words(self.place)


def in_words(place: Place | NoPlace) -> str:
    """Return what a person reads of *place*, also where there is none."""
    return place.label if isinstance(place, Place) else place.value
