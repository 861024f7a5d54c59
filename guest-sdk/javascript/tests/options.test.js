// What becomes of the options: the schema, the values, and what is refused.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Secret, StepError, option, provisioner } from "kilnbox-step";
import { read, schemaOf } from "../src/options.js";

const options = {
  file: option.assetFile("A file to read."),
  reports: option.list(option.outputPath(), undefined, { default: [] }),
  token: option.secret(undefined, { optional: true }),
  pause: option.duration(undefined, { default: "5m" }),
  mode: option.oneOf(["a", "b"], undefined, { default: "a" }),
  size: option.number(undefined, { default: 1.5 }),
  labels: option.map(option.string(), undefined, { default: {} }),
  parts: option.list(
    option.object({ name: option.string(), count: option.integer("How many.", { default: 1, schema: { minimum: 1 } }) }, "A part."),
    undefined,
    { default: [] },
  ),
};

describe("the schema", () => {
  it("is of every kind of option", () => {
    assert.deepEqual(schemaOf({ description: "Tries every kind of option.", options, examples: [{ type: "x" }] }), {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      title: "Options",
      description: "Tries every kind of option.",
      type: "object",
      additionalProperties: false,
      required: ["file"],
      examples: [{ type: "x" }],
      properties: {
        file: { type: "string", format: "asset-file", description: "A file to read." },
        reports: { type: "array", items: { type: "string", format: "output-path" }, default: [] },
        token: { type: ["string", "null"], format: "secret" },
        pause: { type: ["string", "integer"], format: "duration", default: "5m" },
        mode: { type: "string", enum: ["a", "b"], default: "a" },
        size: { type: "number", default: 1.5 },
        labels: { type: "object", additionalProperties: { type: "string" }, default: {} },
        parts: {
          type: "array",
          default: [],
          items: {
            type: "object",
            description: "A part.",
            additionalProperties: false,
            required: ["name"],
            properties: {
              name: { type: "string" },
              count: { type: "integer", minimum: 1, default: 1, description: "How many." },
            },
          },
        },
      },
    });
  });

  it("stands on the step", () => {
    const step = provisioner({ name: "x", options, run() {} });
    assert.equal(step.kind, "provisioner");
    assert.deepEqual(step.schema, schemaOf({ options }));
  });
});

describe("reading", () => {
  it("gives what was written and the defaults of the rest", () => {
    const written = `{ "file": "motd", "token": "hunter2", "pause": "1m30s", "parts": [{ "name": "bolt" }] }`;
    const { token, ...rest } = read(options, written);
    assert.equal(token.reveal(), "hunter2");
    assert.deepEqual(rest, {
      file: "motd",
      reports: [],
      pause: 90_000,
      mode: "a",
      size: 1.5,
      labels: {},
      parts: [{ name: "bolt", count: 1 }],
    });
  });

  it("gives null for what is optional and left out", () => {
    assert.equal(read(options, `{ "file": "motd" }`).token, null);
    assert.equal(read(options, `{ "file": "motd", "token": null }`).token, null);
  });

  for (const [written, message] of [
    [`{ "file": 5 }`, "`/file`: `5` does not fit"],
    [`{ "file": "a", "pause": "5 minutes" }`, '`/pause`: `"5 minutes"` does not fit'],
    [`{ "file": "a", "parts": [{ "count": 1 }] }`, "`/parts/0/name`: must be set"],
    [`{ "file": "a", "mode": "c" }`, '`/mode`: `"c"` does not fit'],
    [`{ "file": "a", "toString": 1 }`, "`/toString`: no such option"],
    [`[]`, "`/`: not an object"],
  ]) {
    it(`refuses ${written}`, () => {
      assert.throws(() => read(options, written), (error) => error instanceof StepError && error.toString() === message);
    });
  }

  it("does not show a secret", () => {
    const secret = new Secret("hunter2");
    assert.equal(`${secret} ${JSON.stringify({ secret })}`, 'Secret(…) {"secret":"Secret(…)"}');
  });
});
