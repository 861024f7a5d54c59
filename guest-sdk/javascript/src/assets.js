// The local files and folders that the user named in this step's options, and no others.

import { call, contract } from "./contract.js";
import { decode } from "./text.js";

/** Bytes of one call. */
export const PIECE = 1024 * 1024;

export class Asset {
  /** @param {import("../contract.d.ts").Asset} raw */
  constructor(raw) {
    this.raw = raw;
  }

  get path() {
    return this.raw.path();
  }

  get name() {
    return this.raw.fileName();
  }

  get isDirectory() {
    return this.raw.isDirectory();
  }

  get size() {
    return this.raw.size();
  }

  get mode() {
    return this.raw.mode();
  }

  read() {
    return readAll((offset) => this.raw.read(offset, PIECE));
  }

  readText() {
    return decode(this.read());
  }
}

/**
 * @param {(offset: number) => Uint8Array} readPiece
 * @param {(bytes: number) => void} [check] told how many there are so far
 */
export function readAll(readPiece, check = () => {}) {
  /** @type {Uint8Array[]} */
  const pieces = [];
  let length = 0;
  for (;;) {
    const piece = call(() => readPiece(length));
    if (piece.length === 0) break;
    pieces.push(piece);
    length += piece.length;
    check(length);
  }
  const content = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    content.set(piece, at);
    at += piece.length;
  }
  return content;
}

/** @param {string} path */
export function open(path) {
  return new Asset(call(() => contract("assets").open(path)));
}
