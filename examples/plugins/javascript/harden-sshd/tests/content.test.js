// What is written and what is refused, without a component.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { content, validate } from "../src/harden-sshd.js";

/** @type {import("../src/harden-sshd.js").Options} */
const defaults = {
  permit_root_login: "no",
  password_authentication: false,
  allow_users: [],
  path: "/etc/ssh/sshd_config.d/50-hardening.conf",
  banner: null,
  sudo: false,
  check: "",
};

describe("the drop-in", () => {
  it("shuts root and passwords out by default", () => {
    assert.equal(content(defaults), "# Written by harden-sshd.\nPermitRootLogin no\nPasswordAuthentication no\n");
  });

  it("has what was asked for", () => {
    const options = {
      ...defaults,
      permit_root_login: /** @type {const} */ ("prohibit-password"),
      password_authentication: true,
      allow_users: ["admin", "build"],
      path: "/etc/ssh/x",
      banner: "banner.txt",
    };
    assert.equal(
      content(options),
      "# Written by harden-sshd.\nPermitRootLogin prohibit-password\nPasswordAuthentication yes\n" +
        "AllowUsers admin build\nBanner /etc/ssh/x.banner\n",
    );
  });
});

describe("validate", () => {
  it("has nothing against the defaults", () => {
    assert.deepEqual(validate(defaults), []);
  });

  it("names what is no account, by its place", () => {
    const found = validate({ ...defaults, allow_users: ["admin", "a b", ""] });
    assert.deepEqual(
      found.map(({ severity, at, message, hint }) => [severity, at, message, hint]),
      [
        ["error", "/allow_users/1", "`a b` is no account name", "one account per entry"],
        ["error", "/allow_users/2", "`` is no account name", "one account per entry"],
      ],
    );
  });

  it("wants an absolute path", () => {
    const [{ at, message }] = validate({ ...defaults, path: "sshd.conf" });
    assert.deepEqual([at, message], ["/path", "must be absolute"]);
  });

  it("warns where root may log in with a password", () => {
    assert.deepEqual(validate({ ...defaults, permit_root_login: "yes" }), []);
    const [{ severity, at }] = validate({ ...defaults, permit_root_login: "yes", password_authentication: true });
    assert.deepEqual([severity, at], ["warning", "/permit_root_login"]);
  });
});
