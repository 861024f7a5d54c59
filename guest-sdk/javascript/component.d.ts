// For the entry that `kilnbox-step build` writes.

import type { Contract } from "./contract.js";
import type { Declared } from "./index.js";

/** Hands the imports of the component to the SDK. */
export function connect(imports: Partial<Contract>): void;

/** What the component exports, by the names of the WIT in camel case. */
export function exportsOf(step: Declared, version: string): Record<"plugin" | "validator" | "provisioner" | "postProcessor", object>;
