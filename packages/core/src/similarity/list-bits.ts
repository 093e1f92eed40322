/**
 * Writes the slots whose bits are set in words from a place on into an array.
 *
 * @param first the slot of the first bit
 * @param at where the first of the slots is written
 * @returns where they end
 */
export function listBits(
  bits: Int32Array,
  from: number,
  words: number,
  first: number,
  slots: Int32Array,
  at: number,
): number {
  let end = at;
  for (let word = 0; word < words; word++) {
    for (let rest = bits[from + word]!; rest !== 0; rest &= rest - 1) {
      slots[end++] = first + word * 32 + 31 - Math.clz32(rest & -rest);
    }
  }
  return end;
}
