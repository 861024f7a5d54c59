// Errors, outcomes, words for a shell, text, durations, and what is there outside a component.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Outcome, StepError, assets, decode, doing, encode, provisioner, quote, ui } from "kilnbox-step";
import { parse } from "../src/durations.js";

/** @param {string} text */
const bytes = (text) => new TextEncoder().encode(text);

describe("an error", () => {
  it("keeps its context innermost first", () => {
    const failing = () =>
      doing("uploading the script", () =>
        doing("writing `/etc/motd`", () => {
          throw new StepError("permission denied", { code: "remote" });
        }),
      );
    assert.throws(failing, (error) => {
      assert(error instanceof StepError);
      assert.deepEqual(error.context, ["writing `/etc/motd`", "uploading the script"]);
      assert.equal(String(error), "uploading the script: writing `/etc/motd`: permission denied");
      return true;
    });
  });
});

describe("a command's outcome", () => {
  /** @type {[Outcome, string][]} */
  const failures = [
    [new Outcome({ tag: "code", val: 1 }, { stderr: bytes(" no space \n") }), "trying: no space"],
    [new Outcome({ tag: "code", val: 1 }, { stderr: new Uint8Array([0xff]) }), "trying: \ufffd"],
    [new Outcome({ tag: "code", val: 3 }, { stderr: bytes("\n") }), "trying: exit code 3"],
    [new Outcome({ tag: "signal", val: "KILL" }, { stderr: bytes("bye") }), "trying: ended by signal KILL"],
    [new Outcome({ tag: "lost" }), "trying: the connection was lost"],
  ];
  for (const [outcome, message] of failures) {
    it(`says ${message}`, () => {
      assert.throws(() => outcome.check("trying"), (error) => String(error) === message);
    });
  }

  it("is itself where it ended with code 0", () => {
    const outcome = new Outcome({ tag: "code", val: 0 }, { stderr: bytes("a warning") });
    assert.equal(outcome.check("trying"), outcome);
  });
});

describe("outside a component", () => {
  it("a capability says that it is not there", () => {
    assert.throws(() => ui.say("hello"), { message: "`ui` cannot be called: this is no component", code: "denied" });
    assert.throws(() => assets.open("motd"), { code: "denied" });
  });
});

describe("a step", () => {
  it("has a name and a function", () => {
    assert.throws(() => provisioner({ name: "", options: {}, run() {} }), /must have a `name`/);
    // @ts-expect-error the types say so too
    assert.throws(() => provisioner({ name: "x", options: {} }), /must have a function `run`/);
  });
});

describe("quote", () => {
  for (const [text, word] of [
    ["/etc/motd", "/etc/motd"],
    ["a b", "'a b'"],
    ["", "''"],
    ["it's", `'it'"'"'s'`],
    ["$(id)", "'$(id)'"],
    ["é", "'é'"],
    ["a\n", "'a\n'"],
  ]) {
    it(`makes ${JSON.stringify(text)} one word`, () => assert.equal(quote(text), word));
  }
});

describe("text", () => {
  it("is encoded as Node does", () => {
    for (const text of ["", "plain", "é€😀", "a\ud800b", "\udc00", "\u{10ffff}"]) {
      assert.deepEqual(encode(text), bytes(text), JSON.stringify(text));
    }
  });

  it("is decoded as Node does, whatever the bytes", () => {
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    const edges = [0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5];
    for (const a of edges)
      for (const b of edges)
        for (const c of edges)
          for (const d of edges) {
            const content = new Uint8Array([a, b, c, d]);
            assert.equal(decode(content), decoder.decode(content), String(content));
          }
  });
});

describe("a duration", () => {
  it("is read as Go does", () => {
    assert.deepEqual(
      ["5m", "1h30m", "1.5s", "500ms", "0", 2_000_000_000].map(parse),
      [300_000, 5_400_000, 1500, 500, 0, 2000],
    );
  });

  it("is refused where Go refuses it", () => {
    for (const written of ["", "5", "soon", "5 minutes", "5min", "1h 30m", "-1s", -1]) {
      assert.equal(parse(written), undefined, String(written));
    }
  });
});
