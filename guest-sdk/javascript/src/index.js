// What an author of a Kilnbox step in JavaScript or TypeScript depends on. Documented in ../index.d.ts.

import { matching, open as openOutput, openRendered } from "./outputs.js";
import { open as openAsset } from "./assets.js";

export const assets = { open: openAsset };
export const outputs = { matching, open: openOutput, openRendered };

export * as host from "./host.js";
export * as template from "./template.js";
export * as ui from "./ui.js";
export { Archive, Output } from "./outputs.js";
export { Artifact } from "./artifact.js";
export { Asset } from "./assets.js";
export { Instance } from "./instance.js";
export { Job } from "./job.js";
export { Outcome, Process } from "./commands.js";
export { Secret, option } from "./options.js";
export { Staged } from "./staging.js";
export { StepError, doing } from "./errors.js";
export { decode, encode } from "./text.js";
export { diagnostic, postProcessor, provisioner } from "./step.js";
export { quote } from "./shell.js";
