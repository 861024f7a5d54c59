// The contract's imports. They exist only inside a component, where the entry that `kilnbox-step build` writes hands
// them over; importing the SDK works anywhere, and an interface that is not there throws when it is called.

import { StepError } from "./errors.js";

/** @typedef {import("../contract.d.ts").Contract} Contract */

/** @type {Partial<Contract>} */
let imports = {};
let inside = false;

/**
 * Called once by the component's entry.
 *
 * @param {Partial<Contract>} given
 */
export function connect(given) {
  imports = given;
  inside = true;
}

/**
 * An interface of `kilnbox:plugin`, named as in the WIT.
 *
 * @template {keyof Contract} Name
 * @param {Name} name
 * @returns {NonNullable<Contract[Name]>}
 */
export function contract(name) {
  const found = imports[name];
  if (found) return /** @type {NonNullable<Contract[Name]>} */ (found);
  const reason = inside
    ? `add it to \`capabilities\` of \`kilnbox\` in package.json`
    : "this is no component";
  throw new StepError(`\`${name}\` cannot be called: ${reason}`, { code: "denied" });
}

/**
 * Does what may end in an error of the contract, and throws that as a `StepError`.
 *
 * @template T
 * @param {() => T} work
 * @returns {T}
 */
export function call(work) {
  try {
    return work();
  } catch (thrown) {
    // What the engine throws carries the contract's record as its payload.
    const error = thrown instanceof Error && "payload" in thrown ? thrown.payload : undefined;
    throw isError(error) ? new StepError(error.message, error) : thrown;
  }
}

/**
 * @param {unknown} value
 * @returns {value is import("../contract.d.ts").ContractError}
 */
function isError(value) {
  return typeof value === "object" && value !== null && "code" in value && "message" in value && "context" in value;
}
