"""What a real process writes to its log at the level that says the most."""

from pathlib import Path

from hub.adapters.sql.migrate import migrate
from tests.processes import HubProcess, operated
from tests.routes.acting import ADA, cookies_of
from tests.running import JSON, Phone

PASSWORD = "correct horse battery"


async def test_nothing_secret_is_logged_even_for_finding_faults(tmp_path: Path) -> None:
    """Frames of sockets carry PINs, requests carry cookies."""
    database = f"sqlite+aiosqlite:///{tmp_path}/hub.db"
    await migrate(database)
    settings = {"HUB_DATABASE_URL": database, "HUB_LOG_LEVEL": "debug"}
    with HubProcess(tmp_path, settings) as process:
        async with operated(database, process.url) as hub:
            tenant = await hub.tenant()
            user = await hub.user(tenant, password=PASSWORD)
            code = await hub.activation_code(user)
            phone = Phone(hub.url, now=hub.clock.now, pin="74185296")
            await phone.enroll(code)
            secrets = [PASSWORD, code, phone.pin, phone.pin.encode().hex(" "), "wrong-horse"]
            async with hub.browser() as browser:
                begun = await browser.login_call("/login", {"email": ADA})
                secrets += [browser.digits, browser.answer["socket"]["ticket"]]
                async with phone.connected(JSON) as device, browser.watching() as page:
                    (card,) = device.ready["pending"]
                    await device.decide(card["request"], match=browser.digits, pin="96385274")
                    await device.decide(card["request"], match=browser.digits)
                    await page.until("resolved")
                completed = await browser.again("complete")
                await browser.call("GET", "/account/security")
                await browser.call("GET", f"/t/demo/login?email={ADA}")
                for response in (begun, completed):
                    secrets += [
                        said[""] for name, said in cookies_of(response).items() if "tenant" not in name
                    ]

    assert completed.json()["step"] == "done"
    assert process.log
    for secret in [*secrets, "96385274", "lumo-session", ADA]:
        assert secret not in process.log, secret
