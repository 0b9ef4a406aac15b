"""The pages' pure modules, tested by node where no browser is needed."""

import shutil
import subprocess
from pathlib import Path

import pytest

MODULES = Path(__file__).parent / "modules"


@pytest.mark.parametrize("tests", sorted(MODULES.glob("*.test.js")), ids=lambda path: path.name)
def test_the_module_does_what_its_tests_say(tests: Path) -> None:
    node = shutil.which("node")
    assert node is not None, "node is not installed: run `make setup`"

    run = subprocess.run([node, "--test", str(tests)], capture_output=True, text=True, timeout=60)

    assert run.returncode == 0, run.stdout + run.stderr
