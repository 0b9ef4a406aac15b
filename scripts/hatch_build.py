"""The build step that puts into the wheel what lies outside the packages: pages, icons, places, decoder."""

import importlib.util
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

WEB = "web"
ICONS = "build/icons"
# Optional: fetched by `make setup` where npm exists, and never committed.
FETCHED = {"build/geo/country.mmdb": "geo/country.mmdb", "build/decoder": "decoder"}


class PackagedFiles(BuildHookInterface):  # type: ignore[type-arg]
    """Add to a build what lies outside the Python packages."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the extra files; an editable install reads them from the checkout instead."""
        if version == "editable":
            return
        root = Path(self.root)
        wheel = self.target_name == "wheel"
        extra = build_data["force_include"]
        if wheel and (root / WEB).is_dir():
            extra[WEB] = "hub/web"
            if not (root / ICONS / "icon-512.png").is_file():
                _draw_icons(root)
            extra[ICONS] = "hub/icons"
        for source, target in FETCHED.items():
            if (root / source).exists():
                extra[source] = f"hub/{target}" if wheel else source


def _draw_icons(root: Path) -> None:
    """Draw them as `make setup` does: a wheel may be built from sources alone."""
    spec = importlib.util.spec_from_file_location("draw_icons", root / "scripts" / "draw_icons.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError("scripts/draw_icons.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    script.draw(root, root / ICONS)
