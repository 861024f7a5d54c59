"""The `harden-sshd` provisioner: puts a drop-in for sshd in place, has it checked, and says what it set."""

from dataclasses import dataclass, field
from typing import Literal

from kilnbox_step import (
    AssetFile,
    Diagnostic,
    Instance,
    Job,
    Provisioner,
    RuntimeTemplate,
    StepError,
    assets,
    doing,
    export,
    quote,
    template,
    ui,
)


@dataclass(kw_only=True)
class Options:
    """Hardens the SSH server of the instance."""

    permit_root_login: Literal["no", "prohibit-password", "yes"] = "no"
    """Who may log in as root."""

    password_authentication: bool = False
    """Whether passwords are accepted."""

    allow_users: list[str] = field(default_factory=list)
    """Only these accounts may log in; all may where it is empty."""

    path: str = "/etc/ssh/sshd_config.d/50-hardening.conf"
    """The file on the instance."""

    banner: AssetFile | None = None
    """A local file that is shown before login."""

    sudo: bool = False
    """Whether to put the file in place with `sudo`."""

    check: RuntimeTemplate = "/usr/sbin/sshd -t -f {{.Path}}"
    """A command that must succeed once the file is there; `{{.Path}}` is the file."""


@export
class HardenSshd(Provisioner[Options]):
    name = "harden-sshd"
    examples = [{"type": "harden-sshd", "allow_users": ["admin"], "sudo": True}]

    def validate(self, options: Options) -> list[Diagnostic]:
        found = [
            Diagnostic.error(f"/allow_users/{place}", f"`{user}` is no account name", "one account per entry")
            for place, user in enumerate(options.allow_users)
            if user.split() != [user]
        ]
        if not options.path.startswith("/"):
            found.append(Diagnostic.error("/path", "must be absolute"))
        if options.permit_root_login == "yes" and options.password_authentication:
            found.append(Diagnostic.warning("/permit_root_login", "root may log in with a password"))
        return found

    def run(self, options: Options, instance: Instance, job: Job) -> None:
        ui.say("Hardening sshd")
        total = 1 if options.banner is None else 2
        temporary = job.temporary_path(self.name)

        drop_in = instance.stage(content(options), temporary)
        ui.progress("files", 1, total)
        drop_in.install(options.path, sudo=options.sudo)

        if options.banner is not None:
            banner = instance.stage(assets.open(options.banner), f"{temporary}.banner")
            ui.progress("files", 2, total)
            banner.install(banner_path(options), sudo=options.sudo)

        check(options, instance)

        for line in settings(options):
            ui.message(line)
        ui.log("info", "hardened", path=options.path)


def settings(options: Options) -> list[str]:
    """The lines that say who may log in."""
    lines = [
        f"PermitRootLogin {options.permit_root_login}",
        f"PasswordAuthentication {'yes' if options.password_authentication else 'no'}",
    ]
    if options.allow_users:
        lines.append(f"AllowUsers {' '.join(options.allow_users)}")
    return lines


def content(options: Options) -> str:
    """The drop-in."""
    lines = ["# Written by harden-sshd.", *settings(options)]
    if options.banner is not None:
        lines.append(f"Banner {banner_path(options)}")
    return "".join(f"{line}\n" for line in lines)


def banner_path(options: Options) -> str:
    """Where the banner is on the instance."""
    return f"{options.path}.banner"


def check(options: Options, instance: Instance) -> None:
    """Has the instance's own sshd read the file; what it does not take is removed again."""
    command = template.render("/check", Path=options.path)
    outcome = instance.run(command, capture=4096)
    if outcome.ok:
        return
    files = [options.path] if options.banner is None else [options.path, banner_path(options)]
    sudo = "sudo -n " if options.sudo else ""
    with doing(f"removing {options.path}"):
        instance.run(f"{sudo}rm -f {' '.join(map(quote, files))}", discard=True)
    outcome.check("the check did not pass")
