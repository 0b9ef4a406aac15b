"""The key that names the hub to push services: made once, sealed, the same in every process."""

import asyncio
from pathlib import Path

from pydantic import SecretStr

from hub.app import open_services, vapid_key, vault_of
from tests.push.asleep import hub_that_pushes, sleeping_phone
from tests.routes.acting import rows
from tests.running import SECRET, RunningHub, running_hub, sqlite_hub, until

NEW_KEY = "another secret key that only the tests know"
ADDRESS = "http://127.0.0.1:1"


def kept(hub: RunningHub) -> str:
    """Return what the database holds."""
    ((value,),) = rows(hub, "SELECT value FROM kept WHERE name = 'vapid'")
    return str(value)


async def test_it_is_made_at_the_first_start_and_kept_sealed(tmp_path: Path) -> None:
    async with sqlite_hub(tmp_path, public_url=ADDRESS) as hub:
        first, url = hub.services.pusher.public_key, hub.settings.database_url
        assert "PRIVATE KEY" not in kept(hub)
        assert "PRIVATE KEY" in hub.services.vault.unseal("vapid", kept(hub))

    async with running_hub(url, migrated=True, public_url=ADDRESS) as again:
        assert again.services.pusher.public_key == first


async def test_processes_that_start_at_once_have_the_same(hub: RunningHub) -> None:
    vault, store = vault_of(hub.settings), hub.services.store
    rows(hub, "DELETE FROM kept WHERE name = 'vapid'")

    keys = await asyncio.gather(*(vapid_key(store, vault) for _ in range(5)))

    assert len(set(keys)) == 1


async def test_after_a_change_of_the_secret_key_it_is_the_same_under_the_new_one(tmp_path: Path) -> None:
    async with sqlite_hub(tmp_path, public_url=ADDRESS) as hub:
        first, before = hub.services.pusher.public_key, kept(hub)
        both = {"secret_key": SecretStr(NEW_KEY), "secret_key_previous": (SecretStr(SECRET),)}
        async with open_services(hub.settings.model_copy(update=both)) as (services, _):
            assert services.pusher.public_key == first
        assert kept(hub) != before

        new_alone = hub.settings.model_copy(update={"secret_key": SecretStr(NEW_KEY)})
        async with open_services(new_alone) as (services, _):
            assert services.pusher.public_key == first


async def test_where_it_opens_no_more_there_is_a_new_one_and_a_hub_that_starts(tmp_path: Path) -> None:
    async with sqlite_hub(tmp_path, public_url=ADDRESS) as hub:
        first = hub.services.pusher.public_key
        async with hub.services.store.begin() as tx:
            await tx.keys.replace("vapid", f"{'A' * 6}.{'A' * 80}")

        async with open_services(hub.settings) as (services, _):
            second = services.pusher.public_key
        async with open_services(hub.settings) as (services, _):
            assert services.pusher.public_key == second
    assert first != second


async def test_a_subscription_that_opens_no_more_is_forgotten(tmp_path: Path) -> None:
    async with hub_that_pushes(tmp_path) as (hub, service):
        _, box = await sleeping_phone(hub, service, await hub.user(await hub.tenant()))
        rows(hub, "UPDATE devices SET subscription = 'AAAAAA.' || substr(subscription, 8)")
        async with hub.browser() as browser:
            await browser.start()

            await until(lambda: rows(hub, "SELECT subscription FROM devices") == [(None,)])

            async def unreachable() -> bool:
                return (await browser.look()).json()["challenge"]["delivery"] == "unreachable"

            await until(unreachable)
        assert box.received == []
