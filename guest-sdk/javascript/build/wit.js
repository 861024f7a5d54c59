// Where the contract is: inside the published package, and at the root of Kilnbox's own repository.

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const CARRIED = fileURLToPath(new URL("../wit", import.meta.url));
export const OF_REPOSITORY = fileURLToPath(new URL("../../../wit", import.meta.url));

export const WIT = existsSync(CARRIED) ? CARRIED : OF_REPOSITORY;
export { CARRIED };
