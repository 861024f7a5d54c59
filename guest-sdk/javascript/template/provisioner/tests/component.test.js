// The component against transcripts: what it does on the instance, and what the instance answers.

import { before, it } from "node:test";
import { Component } from "kilnbox-step/testing";

/** @type {Component} */
let component;
before(async () => {
  component = await Component.build(new URL("..", import.meta.url));
});

it("puts the message in place", () => {
  component.run({ text: "Welcome." }, { against: "tests/message.toml" }).success();
});

it("says what install says", () => {
  component
    .run({ text: "Welcome.", sudo: true }, { against: "tests/no-sudo.toml" })
    .failure("installing /etc/motd: sudo: a password is required");
});

it("has nothing wrong with it", () => {
  component.check().success();
});
