"""What is written and what is refused, without a component."""

import unittest

from kilnbox_step import Diagnostic

from harden_sshd import HardenSshd, Options, content


class TheDropIn(unittest.TestCase):
    def test_shuts_root_and_passwords_out_by_default(self) -> None:
        self.assertEqual(
            content(Options()), "# Written by harden-sshd.\nPermitRootLogin no\nPasswordAuthentication no\n"
        )

    def test_has_what_was_asked_for(self) -> None:
        options = Options(
            permit_root_login="prohibit-password",
            password_authentication=True,
            allow_users=["admin", "build"],
            path="/etc/ssh/x",
            banner="banner.txt",
        )
        self.assertEqual(
            content(options),
            "# Written by harden-sshd.\nPermitRootLogin prohibit-password\nPasswordAuthentication yes\n"
            "AllowUsers admin build\nBanner /etc/ssh/x.banner\n",
        )


class Validate(unittest.TestCase):
    def test_has_nothing_against_the_defaults(self) -> None:
        self.assertEqual(HardenSshd().validate(Options()), [])

    def test_names_what_is_no_account_by_its_place(self) -> None:
        self.assertEqual(
            HardenSshd().validate(Options(allow_users=["admin", "a b", ""])),
            [
                Diagnostic.error("/allow_users/1", "`a b` is no account name", "one account per entry"),
                Diagnostic.error("/allow_users/2", "`` is no account name", "one account per entry"),
            ],
        )

    def test_wants_an_absolute_path(self) -> None:
        self.assertEqual(
            HardenSshd().validate(Options(path="sshd.conf")), [Diagnostic.error("/path", "must be absolute")]
        )

    def test_warns_where_root_may_log_in_with_a_password(self) -> None:
        self.assertEqual(HardenSshd().validate(Options(permit_root_login="yes")), [])
        self.assertEqual(
            HardenSshd().validate(Options(permit_root_login="yes", password_authentication=True)),
            [Diagnostic.warning("/permit_root_login", "root may log in with a password")],
        )
