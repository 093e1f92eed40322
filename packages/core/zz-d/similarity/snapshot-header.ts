/** "JRSI" as it stands in the file. Read on a machine with another order of bytes it is something else. */
export const MAGIC = 0x4953524a;
export const VERSION = 1;
export const HEADER_WORDS = 4;

/** Magic number, version, length in words, checksum. */
export type Header = readonly [number, number, number, number];

/** Of all words after the header, and of their number. */
export function checksum(words: Int32Array): number {
  let a = words.length;
  let b = 0x2545f491;
  const even = words.length - ((words.length - HEADER_WORDS) % 2);
  for (let i = HEADER_WORDS; i < even; i += 2) {
    a = Math.imul(a ^ words[i]!, 0x9e3779b1);
    a ^= a >>> 15;
    b = Math.imul(b ^ words[i + 1]!, 0x85ebca6b);
    b ^= b >>> 13;
  }
  if (even < words.length) a = Math.imul(a ^ words[even]!, 0x9e3779b1);
  return Math.imul(a ^ (a >>> 16), 0xc2b2ae35) ^ b ^ (b >>> 16);
}
