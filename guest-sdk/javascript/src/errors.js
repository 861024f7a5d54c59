// Why a step did not succeed. Every call of the contract that fails throws a `StepError` with the contract's code.

/** @typedef {import("../index.d.ts").ErrorCode} ErrorCode */

export class StepError extends Error {
  /**
   * @param {string} message
   * @param {{ code?: ErrorCode, context?: string[] }} [more]
   */
  constructor(message, { code = "other", context = [] } = {}) {
    super(message);
    this.name = "StepError";
    /** @type {ErrorCode} */
    this.code = code;
    this.context = [...context];
  }

  /** Outermost first: `uploading the script: connection reset`. */
  toString() {
    return [...this.context].reverse().concat(this.message).join(": ");
  }
}

/**
 * Says what was being done when an error came.
 *
 * @template T
 * @param {string} what
 * @param {() => T} work
 * @returns {T}
 */
export function doing(what, work) {
  try {
    return work();
  } catch (error) {
    if (error instanceof StepError) error.context.push(what);
    throw error;
  }
}
