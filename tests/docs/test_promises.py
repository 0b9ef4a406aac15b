"""What the pages promise whoever runs a hub, tried on a running one."""

from tests.running import RunningHub


async def test_a_stranger_on_a_signed_in_page_is_led_to_the_only_tenants_sign_in(hub: RunningHub) -> None:
    await hub.tenant("demo")
    async with hub.browser() as browser:
        browser.http.follow_redirects = True

        answer = await browser.http.get("/account/security")

        assert answer.url.path == "/t/demo/login"
        assert answer.status_code == 200
