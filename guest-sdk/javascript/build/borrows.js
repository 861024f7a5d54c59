// Hands lent handles back in time.
//
// A component must drop the handles it was lent before its export returns. componentize-qjs 0.4.5 drops them in the
// export's post-return function, which is too late: the host refuses the call. So in the core module that exports
// `run`, this adds the drops to the end of `run` itself, and empties its post-return function. What that would have
// freed goes with the instance, which is used for one run only.

/** Sections of a component and of a core module, by id. */
const CORE_MODULE = 1;
const COMPONENT = 4;
const IMPORT = 2;
const EXPORT = 7;
const CODE = 10;

const FUNCTION = 0;
const LOCAL_GET = 0x20;
const CALL = 0x10;
const END = 0x0b;

/** Magic, version and layer. */
const PREAMBLE = 8;

/**
 * @typedef {object} Run
 * @property {string} exports the interface with `run`
 * @property {string} types the interface that its parameters are of
 * @property {string[]} lent the resource of each parameter
 */

/**
 * @param {Uint8Array} component
 * @param {Run} run
 * @returns {Uint8Array}
 */
export function dropBeforeReturn(component, run) {
  let found = 0;
  /** @type {(bytes: Uint8Array) => Uint8Array} */
  const walk = (bytes) =>
    mapSections(bytes, (id, content) => {
      if (id === COMPONENT) return walk(content);
      if (id !== CORE_MODULE) return content;
      const patched = patchModule(content, run);
      if (patched) found++;
      return patched ?? content;
    });
  const whole = walk(component);
  if (found !== 1) throw new Error(`\`${run.exports}#run\` is in ${found} modules; another componentize-qjs than 0.4.5?`);
  return whole;
}

/**
 * @param {Uint8Array} module
 * @param {Run} run
 */
function patchModule(module, { exports, types, lent }) {
  /** @type {Map<string, number>} */
  let imported = new Map();
  /** @type {Map<string, number>} */
  let exported = new Map();
  mapSections(module, (id, content) => {
    if (id === IMPORT) imported = functionImports(content);
    if (id === EXPORT) exported = functionExports(content);
    return content;
  });
  const run = exported.get(`${exports}#run`);
  const postReturn = exported.get(`cabi_post_${exports}#run`);
  if (run === undefined || postReturn === undefined || run < imported.size) return undefined;
  const drops = lent.flatMap((resource, parameter) => {
    const drop = imported.get(`${types} [resource-drop]${resource}`);
    if (drop === undefined) throw new Error(`nothing drops \`${resource}\`; another componentize-qjs than 0.4.5?`);
    return [LOCAL_GET, parameter, CALL, ...leb(drop)];
  });
  return mapSections(module, (id, content) => {
    if (id !== CODE) return content;
    return mapBodies(content, (place, body) => {
      const index = place + imported.size;
      if (index === run) return concat([body.subarray(0, -1), new Uint8Array([...drops, END])]);
      // No locals, and nothing done.
      if (index === postReturn) return new Uint8Array([0, END]);
      return body;
    });
  });
}

/**
 * The functions of an import section by `module name`, with their indices.
 *
 * @param {Uint8Array} content
 */
function functionImports(content) {
  const reader = new Reader(content);
  /** @type {Map<string, number>} */
  const found = new Map();
  for (let left = reader.number(); left > 0; left--) {
    const name = `${reader.name()} ${reader.name()}`;
    if (reader.byte() === FUNCTION) {
      reader.number();
      found.set(name, found.size);
    } else reader.skipOther();
  }
  return found;
}

/** @param {Uint8Array} content */
function functionExports(content) {
  const reader = new Reader(content);
  /** @type {Map<string, number>} */
  const found = new Map();
  for (let left = reader.number(); left > 0; left--) {
    const name = reader.name();
    const kind = reader.byte();
    const index = reader.number();
    if (kind === FUNCTION) found.set(name, index);
  }
  return found;
}

/**
 * @param {Uint8Array} content
 * @param {(place: number, body: Uint8Array) => Uint8Array} change
 */
function mapBodies(content, change) {
  const reader = new Reader(content);
  const count = reader.number();
  /** @type {Uint8Array[]} */
  const bodies = [new Uint8Array(leb(count))];
  for (let place = 0; place < count; place++) {
    const body = change(place, reader.bytes(reader.number()));
    bodies.push(new Uint8Array(leb(body.length)), body);
  }
  return concat(bodies);
}

/**
 * @param {Uint8Array} bytes of a module or a component
 * @param {(id: number, content: Uint8Array) => Uint8Array} change
 */
function mapSections(bytes, change) {
  const reader = new Reader(bytes);
  const parts = [reader.bytes(PREAMBLE)];
  while (!reader.ended) {
    const id = reader.byte();
    const content = change(id, reader.bytes(reader.number()));
    parts.push(new Uint8Array([id, ...leb(content.length)]), content);
  }
  return concat(parts);
}

/** WebAssembly's binary format, as far as it is needed here. */
class Reader {
  #at = 0;
  #bytes;

  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.#bytes = bytes;
  }

  get ended() {
    return this.#at >= this.#bytes.length;
  }

  byte() {
    return this.bytes(1)[0];
  }

  /** @param {number} length */
  bytes(length) {
    if (this.#at + length > this.#bytes.length) throw new Error("the component is cut off");
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** An unsigned number of at most 32 bits, in LEB128. */
  number() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  name() {
    return new TextDecoder().decode(this.bytes(this.number()));
  }

  /** What is imported and no function: a table, a memory, a global or a tag, of which the first byte is read. */
  skipOther() {
    const kind = this.#bytes[this.#at - 1];
    if (kind === 1) this.byte();
    if (kind === 1 || kind === 2) {
      const limits = this.byte();
      this.number();
      if (limits & 1) this.number();
    } else if (kind === 3) this.bytes(2);
    else throw new Error(`an import of kind ${kind}`);
  }
}

/**
 * @param {number} value
 * @returns {number[]}
 */
function leb(value) {
  return value < 0x80 ? [value] : [(value % 0x80) | 0x80, ...leb(Math.floor(value / 0x80))];
}

/** @param {Uint8Array[]} parts */
function concat(parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
