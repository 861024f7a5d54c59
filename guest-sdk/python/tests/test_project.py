"""What pyproject.toml says, and the world made of it."""

import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

from kilnbox_step.project import Project, ProjectError


def project(text: str) -> Project:
    with TemporaryDirectory() as folder:
        Path(folder, "pyproject.toml").write_text(text)
        return Project.read(Path(folder))


HEAD = '[project]\nname = "my-step"\nversion = "1.2.3"\n[tool.kilnbox-step]\n'


class Projects(unittest.TestCase):
    def test_the_module_is_named_like_the_project(self) -> None:
        read = project(HEAD)
        self.assertEqual((read.name, read.version, read.module), ("my-step", "1.2.3", "my_step"))
        self.assertEqual(read.component.name, "my-step.wasm")

    def test_the_world_has_the_capabilities_and_what_is_exported(self) -> None:
        world = project(HEAD + 'capabilities = ["exec", "host-exec"]').world("provisioner", validates=True)
        self.assertEqual(
            world,
            """package kilnbox:step;

world step {
  import kilnbox:plugin/types@1.0.0;
  import kilnbox:plugin/ui@1.0.0;
  import kilnbox:plugin/exec@1.0.0;
  import kilnbox:plugin/host-exec@1.0.0;
  export kilnbox:plugin/plugin@1.0.0;
  export kilnbox:plugin/validator@1.0.0;
  export kilnbox:plugin/provisioner@1.0.0;
}
""",
        )

    def test_without_a_list_the_world_has_what_is_granted_by_default(self) -> None:
        world = project(HEAD).world("post-processor", validates=False)
        self.assertIn("import kilnbox:plugin/outputs@1.0.0;", world)
        self.assertNotIn("/exec@", world)
        self.assertNotIn("/validator@", world)

    def test_mistakes_are_named(self) -> None:
        for text, message in (
            ('[project]\nname = "a"', "`version` is missing"),
            (HEAD + 'capabilities = ["network"]', "no capability `network`"),
            (HEAD + 'capabilities = "exec"', "`capabilities` is a list"),
            (HEAD + 'modul = "a"', "has no `modul`"),
            ("[project", "pyproject.toml: "),
        ):
            with self.subTest(message), self.assertRaisesRegex(ProjectError, message):
                project(text)
