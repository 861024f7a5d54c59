// The component against transcripts: what it does on the instance, in which order, and what it says when that fails.

import { before, it } from "node:test";
import { Component } from "kilnbox-step/testing";

const TRANSCRIPTS = "../../transcripts";

/** @type {Component} */
let component;
before(async () => {
  component = await Component.build(new URL("..", import.meta.url));
});

it("puts the file in place and has it checked", () => {
  component.run({ allow_users: ["admin", "build"] }, { against: `${TRANSCRIPTS}/harden-sshd.toml` }).success();
});

it("puts a banner in place with sudo", () => {
  const options = { banner: "tests/banner.txt", path: "/etc/ssh/my conf", sudo: true };
  component.run(options, { against: `${TRANSCRIPTS}/harden-sshd-sudo-banner.toml` }).success();
});

it("removes a file that sshd does not take", () => {
  component
    .run({}, { against: `${TRANSCRIPTS}/harden-sshd-check-fails.toml` })
    .failure("the check did not pass: line 2: Bad configuration option");
});

it("says what install says", () => {
  component
    .run({}, { against: `${TRANSCRIPTS}/harden-sshd-install-fails.toml` })
    .failure("installing /etc/ssh/sshd_config.d/50-hardening.conf: install: cannot create regular file");
});

it("passes the check", () => {
  component.check().success();
});
