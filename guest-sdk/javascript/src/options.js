// What the user writes: each option described once, for the JSON Schema (draft 2020-12), for reading what was written
// and, through the types in index.d.ts, for the author's editor.

import { StepError } from "./errors.js";
import { parse } from "./durations.js";

/** @typedef {Record<string, unknown>} Keywords */
/**
 * @typedef {object} More
 * @property {unknown} [default]
 * @property {boolean} [optional]
 * @property {Keywords} [schema]
 */

/** A value that its option cannot have. */
class Mismatch extends StepError {
  /**
   * @param {string} at JSON pointer
   * @param {string} message
   */
  constructor(at, message) {
    super(`\`${at || "/"}\`: ${message}`, { code: "invalid" });
  }
}

export class Option {
  /**
   * @param {Keywords} keywords
   * @param {(value: unknown, at: string) => unknown} read
   * @param {string} [description]
   * @param {More} [more]
   */
  constructor(keywords, read, description, { default: value, optional = false, schema = {} } = {}) {
    this.default = value;
    this.optional = optional;
    /** @type {Keywords} */
    this.keywords = { ...keywords, ...schema };
    if (optional && typeof keywords.type === "string") this.keywords.type = [keywords.type, "null"];
    else if (optional && Array.isArray(keywords.type)) this.keywords.type = [...keywords.type, "null"];
    if (optional && Array.isArray(keywords.enum)) this.keywords.enum = [...keywords.enum, null];
    if (description !== undefined) this.keywords.description = description;
    if (value !== undefined) this.keywords.default = value;
    this.reading = read;
  }

  /**
   * @param {unknown} value
   * @param {string} at
   * @returns {any} what index.d.ts says of each kind
   */
  read(value, at) {
    return this.optional && value === null ? null : this.reading(value, at);
  }

  /**
   * @param {string} at
   */
  absent(at) {
    if (this.default !== undefined) return this.reading(this.default, at);
    if (this.optional) return null;
    throw new Mismatch(at, "must be set");
  }
}

/**
 * @param {Keywords} keywords
 * @param {(value: any) => boolean} fits
 */
function plain(keywords, fits) {
  /**
   * @param {string} [description]
   * @param {More} [more]
   */
  return (description, more) =>
    new Option(
      keywords,
      (value, at) => {
        if (!fits(value)) throw new Mismatch(at, `\`${JSON.stringify(value)}\` does not fit`);
        return value;
      },
      description,
      more,
    );
}

/** @param {string} [format] */
function text(format) {
  return plain(format ? { type: "string", format } : { type: "string" }, (value) => typeof value === "string");
}

/** @param {unknown} value */
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

const duration = plain({ type: ["string", "integer"], format: "duration" }, (value) => parse(value) !== undefined);

export const option = {
  string: text(),
  boolean: plain({ type: "boolean" }, (value) => typeof value === "boolean"),
  integer: plain({ type: "integer" }, Number.isInteger),
  number: plain({ type: "number" }, (value) => typeof value === "number"),
  assetPath: text("asset-path"),
  assetFile: text("asset-file"),
  assetDirectory: text("asset-directory"),
  outputPath: text("output-path"),
  outputTemplate: text("output-template"),
  filePattern: text("file-pattern"),
  runtimeTemplate: text("runtime-template"),

  /**
   * @param {string} [description]
   * @param {More} [more]
   */
  duration(description, more) {
    const described = duration(description, more);
    const checked = described.reading;
    described.reading = (value, at) => parse(/** @type {string} */ (checked(value, at)));
    return described;
  },

  /**
   * @param {string} [description]
   * @param {More} [more]
   */
  secret(description, more) {
    const described = text("secret")(description, more);
    const checked = described.reading;
    described.reading = (value, at) => new Secret(/** @type {string} */ (checked(value, at)));
    return described;
  },

  /**
   * @param {readonly string[]} values
   * @param {string} [description]
   * @param {More} [more]
   */
  oneOf(values, description, more) {
    return plain({ type: "string", enum: [...values] }, (value) => values.includes(value))(description, more);
  },

  /**
   * @param {any} item an `Option`
   * @param {string} [description]
   * @param {More} [more]
   */
  list(item, description, more) {
    return new Option(
      { type: "array", items: item.keywords },
      (value, at) => {
        if (!Array.isArray(value)) throw new Mismatch(at, "not a list");
        return value.map((one, place) => item.read(one, `${at}/${place}`));
      },
      description,
      more,
    );
  },

  /**
   * @param {any} item an `Option`
   * @param {string} [description]
   * @param {More} [more]
   */
  map(item, description, more) {
    return new Option(
      { type: "object", additionalProperties: item.keywords },
      (value, at) => {
        if (!isObject(value)) throw new Mismatch(at, "not an object");
        const entries = Object.entries(/** @type {object} */ (value));
        return Object.fromEntries(entries.map(([name, one]) => [name, item.read(one, `${at}/${name}`)]));
      },
      description,
      more,
    );
  },

  /**
   * @param {Record<string, any>} options of `Option`
   * @param {string} [description]
   * @param {More} [more]
   */
  object(options, description, more) {
    return new Option(objectSchema(options), (value, at) => readObject(options, value, at), description, more);
  },
};

export class Secret {
  #value;

  /** @param {string} value */
  constructor(value) {
    this.#value = value;
  }

  reveal() {
    return this.#value;
  }

  toString() {
    return "Secret(…)";
  }

  toJSON() {
    return "Secret(…)";
  }
}

/**
 * The schema of the options, as `describe` gives it.
 *
 * @param {{ description?: string, options: Record<string, any>, examples?: readonly unknown[] }} step
 * @returns {Keywords}
 */
export function schemaOf({ description, options, examples = [] }) {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Options",
    ...objectSchema(options),
    ...(description === undefined ? {} : { description }),
    ...(examples.length ? { examples: [...examples] } : {}),
  };
}

/** @param {Record<string, Option>} options */
function objectSchema(options) {
  const entries = Object.entries(options);
  const required = entries.filter(([, { default: value, optional }]) => value === undefined && !optional);
  return {
    type: "object",
    additionalProperties: false,
    properties: Object.fromEntries(entries.map(([name, { keywords }]) => [name, keywords])),
    ...(required.length ? { required: required.map(([name]) => name) } : {}),
  };
}

/**
 * The options in the JSON text, with their defaults.
 *
 * @param {Record<string, any>} options
 * @param {string} text
 * @returns {any}
 */
export function read(options, text) {
  return readObject(options, JSON.parse(text), "");
}

/**
 * @param {Record<string, Option>} options
 * @param {unknown} value
 * @param {string} at
 */
function readObject(options, value, at) {
  if (!isObject(value)) throw new Mismatch(at, "not an object");
  const given = /** @type {Record<string, unknown>} */ (value);
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(options, name));
  if (unknown !== undefined) throw new Mismatch(`${at}/${unknown}`, "no such option");
  /** @type {Record<string, unknown>} */
  const read = {};
  for (const [name, option] of Object.entries(options)) {
    const place = `${at}/${name}`;
    read[name] = Object.hasOwn(given, name) ? option.read(given[name], place) : option.absent(place);
  }
  return read;
}
