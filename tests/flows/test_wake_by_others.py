"""The hub's own pushes before a push service that others wrote (npm: web-push-testing)."""

import json
from pathlib import Path

from tests.push.asleep import subscribed
from tests.push.web_push_testing import web_push_testing
from tests.routes.acting import audit
from tests.running import sqlite_hub, until


async def test_it_reads_what_the_hub_pushes_and_what_it_calls_gone_is_forgotten(tmp_path: Path) -> None:
    async with (
        web_push_testing(tmp_path) as service,
        sqlite_hub(tmp_path, push_allow=(service.origin,)) as hub,
    ):
        user = await hub.user(await hub.tenant())
        phone = await hub.phone(user)
        subscription = await service.subscribe(hub.services.pusher.public_key)
        await subscribed(hub, phone, subscription)
        async with hub.browser() as browser:
            begun = await browser.start()
            (message,) = await until(lambda: service.messages(subscription))
            pushed = json.loads(message)
            assert (pushed["type"], pushed["id"]) == ("challenge", begun["challenge"]["id"])
            assert pushed["account"] == user.id

            await service.expire(subscription)
            await browser.again("cancel")

            await until(lambda: audit(hub, "device.push_lost"))
        async with phone.connected() as device:
            assert device.ready["push_subscribed"] is False
