"""The contract that the package carries is the repository's, and the SDK calls only what it has."""

import re
import subprocess
import sys
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

from kilnbox_step.building import WIT

PACKAGE = Path(__file__).parent.parent
REPOSITORY = PACKAGE.parent.parent


class TheContract(unittest.TestCase):
    def test_is_carried_by_the_wheel(self) -> None:
        with TemporaryDirectory() as folder:
            pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", folder, PACKAGE], check=True)
            with ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
                carried = {
                    name.rsplit("/", 1)[-1]: wheel.read(name)
                    for name in wheel.namelist()
                    if name.startswith("kilnbox_step/wit/")
                }
                self.assertIn("kilnbox_step/py.typed", wheel.namelist())
        self.assertEqual(carried, {file.name: file.read_bytes() for file in (REPOSITORY / "wit").glob("*.wit")})

    def test_has_every_function_that_the_sdk_calls(self) -> None:
        with TemporaryDirectory() as folder:
            compiler = Path(sys.executable).with_name("componentize-py")
            command = [compiler, "--quiet", "--wit-path", WIT, "--world", "everything", "bindings", folder]
            subprocess.run(command, check=True)
            bindings = Path(folder, "wit_world", "imports")
            called = 0
            for module in (PACKAGE / "src" / "kilnbox_step").glob("*.py"):
                source = module.read_text()
                for variable, interface in re.findall(r'^(_\w+) = interface\("([\w-]+)"\)', source, re.MULTILINE):
                    generated = (bindings / f"{interface.replace('-', '_')}.py").read_text()
                    for item in re.findall(rf"\b{variable}\.(\w+)", source):
                        called += 1
                        self.assertRegex(generated, rf"(def|class) {item}\b", f"{module.name}: {variable}.{item}")
            self.assertGreater(called, 20)
