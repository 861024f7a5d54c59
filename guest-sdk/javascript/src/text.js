// UTF-8, which the JavaScript of components has no `TextEncoder` for.

/**
 * @param {string} text Lone surrogates become U+FFFD.
 * @returns {Uint8Array}
 */
export function encode(text) {
  /** @type {number[]} */
  const bytes = [];
  for (const character of text) {
    const point = /** @type {number} */ (character.codePointAt(0));
    const code = point >= 0xd800 && point <= 0xdfff ? 0xfffd : point;
    if (code < 0x80) bytes.push(code);
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 0x3f));
    else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f));
    else {
      const tail = [12, 6, 0].map((shift) => 0x80 | ((code >> shift) & 0x3f));
      bytes.push(0xf0 | (code >> 18), ...tail);
    }
  }
  return new Uint8Array(bytes);
}

/**
 * What is no UTF-8 becomes U+FFFD, one for each maximal part of a character, as in the Encoding Standard.
 *
 * @param {Uint8Array} bytes
 * @returns {string}
 */
export function decode(bytes) {
  let text = "";
  let at = 0;
  while (at < bytes.length) {
    const first = bytes[at++];
    const [length, low, high] = expected(first);
    let code = length === 1 ? first : first & (0x7f >> length);
    let valid = length > 0;
    for (let more = 1; valid && more < length; more++) {
      const next = bytes[at];
      const [from, to] = more === 1 ? [low, high] : [0x80, 0xbf];
      valid = next !== undefined && next >= from && next <= to;
      if (valid) {
        code = (code << 6) | (next & 0x3f);
        at++;
      }
    }
    text += valid ? String.fromCodePoint(code) : "\ufffd";
  }
  return text;
}

/**
 * How many bytes a character has that begins so, and what its second byte may be; no bytes where none begins so.
 *
 * @param {number} first
 * @returns {[length: number, low: number, high: number]}
 */
function expected(first) {
  if (first < 0x80) return [1, 0, 0];
  if (first >= 0xc2 && first < 0xe0) return [2, 0x80, 0xbf];
  if (first >= 0xe0 && first < 0xf0) return [3, first === 0xe0 ? 0xa0 : 0x80, first === 0xed ? 0x9f : 0xbf];
  if (first >= 0xf0 && first < 0xf5) return [4, first === 0xf0 ? 0x90 : 0x80, first === 0xf4 ? 0x8f : 0xbf];
  return [0, 0, 0];
}
