// Puts the contract into the package that `npm pack` makes. Git has it once, at the root of the repository.

import { cpSync, existsSync, rmSync } from "node:fs";
import { CARRIED, OF_REPOSITORY } from "./wit.js";

if (existsSync(OF_REPOSITORY)) {
  rmSync(CARRIED, { recursive: true, force: true });
  cpSync(OF_REPOSITORY, CARRIED, { recursive: true });
}
