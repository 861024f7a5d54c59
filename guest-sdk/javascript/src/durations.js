// Durations as Packer's users write them: `5m`, `1h30m`, `1.5s`, `500ms`, or whole nanoseconds. In JavaScript they are
// a number of milliseconds.

/** @type {Record<string, number>} */
const MILLISECONDS = { h: 3_600_000, m: 60_000, s: 1000, ms: 1, us: 1e-3, µs: 1e-3, ns: 1e-6 };
const WHOLE = /^(?:(?:\d+(?:\.\d*)?|\.\d+)(?:h|ms|m|s|us|µs|ns))+$/;
const PART = /(\d+(?:\.\d*)?|\.\d+)(h|ms|m|s|us|µs|ns)/g;

/**
 * Reads what Go reads, except that a length of time is not negative.
 *
 * @param {string | number} written
 * @returns {number | undefined} Milliseconds, or nothing where it is no duration.
 */
export function parse(written) {
  if (typeof written === "number") return written >= 0 ? written / 1e6 : undefined;
  if (written === "0") return 0;
  if (!WHOLE.test(written)) return undefined;
  let total = 0;
  for (const [, count, unit] of written.matchAll(PART)) total += Number(count) * MILLISECONDS[unit];
  return total;
}
