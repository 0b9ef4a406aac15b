"""One tab of Firefox, and what a person does in it: go somewhere, press, type, look."""

import base64
import json
from pathlib import Path
from typing import Any

from tests.browser.bidi import BiDi
from tests.running import until

SEEN_WITHIN_S = 15.0


class Tab:
    """A tab; things in it are found as a screen reader says them, by role and name."""

    def __init__(self, bidi: BiDi, context: str, url: str = "") -> None:
        """Take the tab's context; *url* is where it was when it was looked up."""
        self._bidi = bidi
        self._context = context
        self.url = url

    async def go(self, url: str) -> None:
        """Go to *url*; return once it has loaded."""
        said = await self._bidi.call(
            "browsingContext.navigate", context=self._context, url=url, wait="complete"
        )
        self.url = said["url"]

    async def run(self, expression: str) -> Any:
        """Return the value of a script's expression, awaited."""
        return await self._bidi.evaluate(expression, {"context": self._context})

    async def close(self) -> None:
        """Close the tab, as a person does."""
        await self._bidi.call("browsingContext.close", context=self._context)

    async def press(self, role: str, name: str) -> None:
        """Click on the control of this *role* and accessible *name*, once it is there."""
        await self._click(
            f"{role} {name!r}", {"type": "accessibility", "value": {"role": role, "name": name}}
        )

    async def fill(self, label: str, text: str) -> None:
        """Click into the field with this *label*, and type."""
        # Not by role: a field for a password has none.
        path = f"//input[@id=//label[normalize-space()={json.dumps(label)}]/@for]"
        await self._click(f"field {label!r}", {"type": "xpath", "value": path})
        await self.type(text)

    async def type(self, text: str) -> None:
        """Type on the keyboard, wherever the focus is; ``\\ue007`` is Enter."""
        strokes = [{"type": kind, "value": key} for key in text for kind in ("keyDown", "keyUp")]
        await self._act({"type": "key", "id": "keyboard", "actions": strokes})

    async def sees(self, text: str, within_s: float = SEEN_WITHIN_S) -> str:
        """Wait until *text* is on the page; return all that is."""
        words = ""

        async def there() -> bool:
            nonlocal words
            words = await self.text()
            return text in words

        try:
            await until(there, within_s)
        except AssertionError as error:
            raise AssertionError(f"no {text!r} on the page within {within_s} s:\n{words}") from error
        return words

    async def text(self) -> str:
        """Return the words that are visible."""
        words: str = await self.run("document.body?.innerText ?? ''")
        return words

    async def screenshot(self, path: Path) -> None:
        """Write a picture of what is in view, as PNG."""
        said = await self._bidi.call("browsingContext.captureScreenshot", context=self._context)
        path.write_bytes(base64.b64decode(said["data"]))

    async def _click(self, what: str, locator: dict[str, Any]) -> None:
        node = await self._find(what, locator)
        origin = {"type": "element", "element": node}
        await self._act(
            {
                "type": "pointer",
                "id": "mouse",
                "actions": [
                    {"type": "pointerMove", "x": 0, "y": 0, "origin": origin},
                    {"type": "pointerDown", "button": 0},
                    {"type": "pointerUp", "button": 0},
                ],
            }
        )

    async def _find(self, what: str, locator: dict[str, Any]) -> dict[str, str]:
        async def nodes() -> list[dict[str, str]]:
            said = await self._bidi.call(
                "browsingContext.locateNodes", context=self._context, locator=locator
            )
            found: list[dict[str, str]] = said["nodes"]
            return found

        try:
            (node, *_) = await until(nodes, SEEN_WITHIN_S)
        except AssertionError as error:
            raise AssertionError(f"no {what} on the page:\n{await self.text()}") from error
        shared = {"sharedId": node["sharedId"]}
        await self._bidi.call(
            "script.callFunction",
            functionDeclaration="(node) => node.scrollIntoView({block: 'center'})",
            arguments=[shared],
            target={"context": self._context},
            awaitPromise=False,
        )
        return shared

    async def _act(self, source: dict[str, Any]) -> None:
        await self._bidi.call("input.performActions", context=self._context, actions=[source])
