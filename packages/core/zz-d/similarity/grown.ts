interface Numbers {
  readonly length: number;
  set(from: ArrayLike<number>): void;
}

/** The array itself while it is long enough; else a copy with room to spare, so that growth costs little per entry. */
export function grown<T extends Numbers & ArrayLike<number>>(
  type: new (length: number) => T,
  array: T,
  length: number,
): T {
  if (length <= array.length) return array;
  const larger = new type(Math.max(length, Math.ceil(array.length * 1.4), 4));
  larger.set(array);
  return larger;
}
