"""Installing: what is packed runs without the checkout, and knows places where it was given them."""

import os
import shutil
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.processes import HubProcess, SimProcess
from tests.running import Browser, until
from tests.services import free_port

ROOT = Path(__file__).parents[2]
PLACES = Path("build/geo/country.mmdb")
PIN = "2580"
# Of a public resolver: where it is, every database of countries knows.
PUBLIC_ADDRESS = "8.8.8.8"
INSTALL_WITHIN_S = 240
INIT_WITHIN_S = 60

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two environments: of a plain ``pip install .`` of the sources, and of the wheel of ``make wheel``."""
    folder = tmp_path_factory.mktemp("install")
    with ThreadPoolExecutor() as both:
        wheel = both.submit(_wheel, folder)
        plain = _environment(folder / "plain", _copied(folder / "sources"))
    return {"plain": plain, "wheel": _environment_beside(folder / "wheel", plain, wheel.result())}


@pytest.mark.parametrize(
    ("how", "place"),
    [
        ("plain", {"location": "Place not known"}),
        ("wheel", {"location": "United States (approximate)", "country": "United States"}),
    ],
)
async def test_an_installed_hub_is_set_up_serves_and_signs_people_in(
    installed: dict[str, Path], how: str, place: dict[str, str], tmp_path: Path
) -> None:
    commands = installed[how] / "bin"
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    made = _run(
        commands / "hub",
        *("init", "--public-url", url, "--tenant", "acme", "--name", "Acme", "--email", "ada@acme.test"),
        folder=tmp_path,
    )
    code = next(line.rsplit(" ", 1)[-1] for line in made.splitlines() if "activation code" in line)
    with (tmp_path / "hub.env").open("a") as settings:
        settings.write("HUB_TRUSTED_PROXIES=127.0.0.1\n")
    state = ("--state", str(tmp_path / "phone.json"))

    with HubProcess(tmp_path, {}, port=port, program=commands / "hub", secret=None):
        _run(
            commands / "mobile-sim",
            *("enroll", "--hub", url, "--code", code, "--pin", PIN, *state),
            folder=tmp_path,
        )
        options = ("--policy", "approve", "--pin", PIN, *state)
        with SimProcess(tmp_path, options, program=commands / "mobile-sim") as phone:
            await until(lambda: phone.events("ready"), INIT_WITHIN_S)
            async with Browser(url, "acme", {"X-Forwarded-For": PUBLIC_ADDRESS}) as browser:
                page = await browser.http.get("/t/acme/login")
                await browser.start("ada@acme.test")
                async with browser.watching() as socket:
                    phone.enter(browser.digits)
                    await socket.until("resolved", status="approved")
                completed = await browser.again("complete")
                home = await browser.http.get(completed.json()["redirect"])

    context = phone.events("request")[0]["request"]["ctx"]
    shown = {name: context[name] for name in ("location", "country", "city") if name in context}
    assert page.status_code == 200
    assert completed.json() == {"step": "done", "redirect": "/account/security"}
    assert home.status_code == 200
    assert "Simulated phone" in home.text
    assert context["ip"] == PUBLIC_ADDRESS
    assert shown == place


def test_the_wheel_has_all_that_a_hub_needs_and_nothing_else(tmp_path: Path) -> None:
    with zipfile.ZipFile(_wheel(tmp_path)) as wheel:
        packed = {name for name in wheel.namelist() if not name.endswith("/")}

    for folder in ("hub", "mobile_sim"):
        assert {name for name in _tracked() if name.startswith(f"{folder}/")} <= packed
    assert {f"hub/{name}" for name in _tracked() if name.startswith("web/")} <= packed
    assert {"hub/geo/country.mmdb", "hub/icons/icon-512.png", "hub/decoder/decode.js"} <= packed
    tops = {name.split("/")[0].split("-")[0] for name in packed}
    assert tops == {"hub", "mobile_sim", "lumoauth_hub"}


def _tracked() -> list[str]:
    """Return the checkout's files, those not yet committed too, as a clone of tomorrow would have them."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def _copied(target: Path) -> Path:
    for name in _tracked():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target / name)
    return target


def _wheel(folder: Path) -> Path:
    """Return the wheel of ``make wheel``, run in a copy that has this checkout's environment and places."""
    assert (ROOT / PLACES).is_file(), f"{PLACES} is missing: run `make setup`"
    sources = _copied(folder / "with-places")
    (sources / PLACES).parent.mkdir(parents=True)
    shutil.copy2(ROOT / PLACES, sources / PLACES)
    (sources / ".venv").symlink_to(sys.prefix)
    # What is old enough for this very run is old enough for the wheel, too.
    made_already = [word for made in (".venv/.stamp-dev", str(PLACES)) for word in ("-o", made)]
    _build("make", "wheel", *made_already, "ARGS=--no-isolation", folder=sources)
    (wheel,) = (sources / "dist").glob("*.whl")
    return wheel


def _environment(target: Path, package: Path) -> Path:
    """Return a new virtual environment with nothing but *package* and what it depends on."""
    if shutil.which("uv"):
        _build("uv", "venv", "--quiet", "--python", sys.executable, target, folder=target.parent)
    else:
        _build(sys.executable, "-m", "venv", target, folder=target.parent)
    # The versions that all other tests ran with.
    _install(target, "--constraint", ROOT / "requirements.txt", package)
    return target


def _environment_beside(target: Path, other: Path, wheel: Path) -> Path:
    """Return one with *wheel*, which finds what it depends on in the *other*: installing takes long."""
    _build(other / "bin" / "python", "-m", "venv", "--without-pip", target, folder=target.parent)
    _install(target, "--no-deps", wheel, pip=other / "bin" / "pip")
    (theirs,) = (other / "lib").glob("python*/site-packages")
    (ours,) = (target / "lib").glob("python*/site-packages")
    # Of what both have, the nearer one counts.
    (ours / "dependencies.pth").write_text(f"{theirs}\n")
    return target


def _install(target: Path, *arguments: str | Path, pip: Path | None = None) -> None:
    python = target / "bin" / "python"
    if shutil.which("uv"):
        command: list[str | Path] = ["uv", "pip", "install", "--quiet", "--python", python]
    else:
        command = [pip or target / "bin" / "pip", "--python", python, "install", "--quiet"]
        # Compiling what nobody imports would take half the time.
        command += ["--disable-pip-version-check", "--no-compile"]
    _build(*command, *arguments, folder=target.parent)


def _build(*command: str | Path, folder: Path) -> None:
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("HUB_", "PYTHON"))}
    done = subprocess.run(
        command, cwd=folder, env=ours, capture_output=True, text=True, check=False, timeout=INSTALL_WITHIN_S
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout}\n{done.stderr}"


def _run(*command: str | Path, folder: Path) -> str:
    done = subprocess.run(
        command, cwd=folder, env={}, capture_output=True, text=True, check=False, timeout=INIT_WITHIN_S
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout}\n{done.stderr}"
    return done.stdout
