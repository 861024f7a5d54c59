// Not run: `tsc` finds here that src/index.js is what index.d.ts says.

import * as implementation from "../src/index.js";
import type * as declared from "../index.js";

export const whole: typeof declared = implementation;
