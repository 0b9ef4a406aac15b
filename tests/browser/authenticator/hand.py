"""The app in somebody's hand: what a person taps and types, and what they see."""

from dataclasses import dataclass

from playwright.async_api import BrowserContext, Page, expect

from tests.browser.authenticator.opened import PIN, sensor

PHONE = {"width": 390, "height": 844}


@dataclass
class Hand:
    """One window of the app, at the size of a phone."""

    page: Page
    url: str

    @classmethod
    async def takes(cls, context: BrowserContext, url: str, *, finger: bool = False) -> "Hand":
        """Open a window at the hub's address; with *finger* the phone has a reader, and it is touched."""
        page = await context.new_page()
        await page.set_viewport_size(PHONE)
        if finger:
            await sensor(page)
        return cls(page, url)

    async def opens(self, fragment: str = "") -> None:
        """Open the app."""
        await self.page.goto(f"{self.url}/authenticator/{fragment}")

    async def taps(self, name: str) -> None:
        """Tap the button or link that is called so."""
        button = self.page.get_by_role("button", name=name, exact=True)
        link = self.page.get_by_role("link", name=name, exact=True)
        await button.or_(link).first.click()

    async def sees(self, text: str) -> None:
        """Wait until a heading says *text*."""
        await expect(self.page.get_by_role("heading", name=text)).to_be_visible(timeout=15_000)

    async def reads(self, text: str) -> None:
        """Wait until *text* is on the screen."""
        await expect(self.page.get_by_text(text).first).to_be_visible(timeout=15_000)

    async def types_code(self, code: str) -> None:
        """Type an activation code into the field."""
        await self.page.get_by_label("Activation code").fill(code)
        await self.taps("Go on")

    async def adds(self, *, pin: str | None = PIN, finger: bool = False) -> None:
        """Go through with the account that is previewed."""
        way = self.page.get_by_role("radio", name="Fingerprint or face" if finger else "PIN")
        if await way.count():
            await way.check()
        if finger and pin is not None:
            await self.page.get_by_text("Add a PIN as reserve").click()
        if pin is not None:
            first, again = await self.page.locator("input[type=password]:visible").all()
            await first.fill(pin)
            await again.fill(pin)
        await self.taps("Add account")

    async def declines_notifications(self) -> None:
        """They are asked for once, in context: say not now."""
        ready = self.page.get_by_role("heading", name="This phone is ready")
        asked = self.page.get_by_role("heading", name="May this phone tell you?")
        await expect(ready.or_(asked)).to_be_visible(timeout=15_000)
        if await asked.count():
            await self.taps("Not now")

    async def enrols(self, code: str, *, pin: str | None = PIN, finger: bool = False) -> None:
        """Add an account from the code to the end, without notifications."""
        await self.opens(f"#enroll={code}")
        await self.sees("to this phone?")
        await self.adds(pin=pin, finger=finger)
        await self.declines_notifications()
        await self.sees("This phone is ready")
        await self.taps("Done")

    async def types_number(self, digits: str) -> None:
        """Type the number that the waiting browser shows."""
        await self.page.get_by_label("Type the number from your browser").fill(digits)

    async def gives_pin(self, pin: str = PIN) -> None:
        """Type the PIN into the sheet and approve there."""
        sheet = self.page.get_by_role("dialog")
        await sheet.get_by_label("PIN", exact=True).fill(pin)
        await sheet.get_by_role("button", name="Approve").click()
