// What the component exports, made of the author's step. Only the entry that `kilnbox-step build` writes imports this.

import { Artifact } from "./artifact.js";
import { Instance } from "./instance.js";
import { Job } from "./job.js";
import { StepError } from "./errors.js";
import { call, contract } from "./contract.js";
import { read } from "./options.js";

export { connect } from "./contract.js";

/**
 * @param {any} step
 * @param {string} version
 */
export function exportsOf(step, version) {
  const schema = JSON.stringify(step.schema);
  return {
    plugin: { describe: () => ({ name: step.name, version, kind: step.kind, schema }) },

    validator: {
      /** @param {string} text */
      validate(text) {
        return found(step, text).map(({ severity, at, message, hint = null }) => ({ severity, at, message, hint }));
      },
    },

    provisioner: {
      /**
       * @param {import("../contract.d.ts").Instance} instance
       * @param {import("../contract.d.ts").Job} job
       */
      run: (instance, job) =>
        reporting(() => {
          finished(step.run(read(step.options, job.options()), new Instance(instance), new Job(job)));
        }),
    },

    postProcessor: {
      /**
       * @param {import("../contract.d.ts").Artifact} artifact
       * @param {import("../contract.d.ts").Job} job
       */
      run: (artifact, job) =>
        reporting(() =>
          processed(finished(step.run(read(step.options, job.options()), new Artifact(artifact), new Job(job)))),
        ),
    },
  };
}

/**
 * @param {any} step
 * @param {string} text
 * @returns {import("../index.d.ts").Diagnostic[]}
 */
function found(step, text) {
  try {
    return step.validate(read(step.options, text));
  } catch (error) {
    return [{ severity: "error", at: "", message: String(error) }];
  }
}

/**
 * A component runs nothing once `run` has returned.
 *
 * @param {any} returned
 */
function finished(returned) {
  if (typeof returned?.then === "function") throw new TypeError("`run` must not be `async`: every call waits by itself");
  return returned;
}

/** @param {import("../index.d.ts").Processed} made */
function processed(made) {
  const { Processed } = contract("types");
  if (made === "unchanged") return Processed.unchanged();
  const raw = Processed.artifact(made.builderId, made.id, made.description);
  for (const file of made.files ?? []) call(() => raw.addFile(file));
  if (made.keepInput !== undefined) raw.keepInput(made.keepInput);
  if (made.mustKeepInput) raw.mustKeepInput(true);
  return raw;
}

/**
 * Throws an error as the contract has it. One that is a mistake in the step says where it came from.
 *
 * @template T
 * @param {() => T} work
 * @returns {T}
 */
function reporting(work) {
  try {
    return work();
  } catch (error) {
    if (error instanceof StepError) throw { code: error.code, message: error.message, context: error.context };
    const place = error instanceof Error ? error.stack?.trim().split("\n")[0].trim() : undefined;
    throw { code: "other", message: String(error), context: place ? [place] : [] };
  }
}
