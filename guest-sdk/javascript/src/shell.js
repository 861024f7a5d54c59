// Words for a POSIX shell.

/**
 * The text as one word. What needs no quotes gets none.
 *
 * @param {string} text
 * @returns {string}
 */
export function quote(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`;
}
