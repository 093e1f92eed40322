import { CHUNK, type ColumnAdder } from "./column-adder.js";

/** Words at the beginning of the memory that hold the planes, 31 at most, and then the addresses of columns. */
export const RESERVED = 32 * CHUNK;
const ADDRESSES = 31 * CHUNK;
/** Bytes. */
const VECTOR = 16;
const PLANE = 4 * CHUNK;
/** Bytes by which a memory grows, and how many of these can be addressed. */
const PAGE = 65_536;
const MOST_PAGES = 65_536;

/** Adds up columns of bits that stand in its memory from {@link RESERVED} on, to the planes in front of them. */
export interface SimdAdder extends ColumnAdder {
  /** @returns all that the memory holds, at least so many words; what is new in it is zero */
  grow(words: number): Int32Array;
}

let compiled: WebAssembly.Module | "refused" | undefined;

/**
 * What `plainAdder` does, with WebAssembly and four words at a time.
 *
 * @returns `undefined` where that is not to be had: not every runtime compiles what a program makes itself
 */
export function openSimd(): SimdAdder | undefined {
  if (compiled === "refused") return undefined;
  try {
    compiled ??= new WebAssembly.Module(moduleBytes());
    const memory = new WebAssembly.Memory({ initial: 1, maximum: MOST_PAGES });
    const { add1, add4, add8, reach } = new WebAssembly.Instance(compiled, { env: { memory } }).exports;
    if (!isFunction(add1) || !isFunction(add4) || !isFunction(add8) || !isFunction(reach)) return undefined;
    const bytesOf = (words: number) => VECTOR * Math.ceil((4 * words) / VECTOR);
    let addresses = new DataView(memory.buffer, 4 * ADDRESSES);
    return {
      grow(words) {
        const missing = 4 * words - memory.buffer.byteLength;
        if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
        addresses = new DataView(memory.buffer, 4 * ADDRESSES);
        return new Int32Array(memory.buffer);
      },
      add(offsets, from, length, bit) {
        for (let i = 0; i < offsets.length; i++) addresses.setInt32(4 * i, 4 * (offsets[i]! + from), true);
        const add = offsets.length === 8 ? add8 : offsets.length === 4 ? add4 : add1;
        add(bytesOf(length), PLANE * bit);
      },
      reach: (bits, needed, length) => void reach(bytesOf(length), PLANE * bits, needed << (32 - bits)),
    };
  } catch {
    compiled ??= "refused";
    return undefined;
  }
}

function isFunction(value: unknown): value is (...numbers: number[]) => unknown {
  return typeof value === "function";
}

// The module is short enough to be written down instruction by instruction. Numbers are those of the specification of
// WebAssembly 2.0.

const I32 = 0x7f;
const V128 = 0x7b;

function moduleBytes(): Uint8Array<ArrayBuffer> {
  const functions = [
    { title: "add1", parameters: 2, body: addition(1) },
    { title: "add4", parameters: 2, body: addition(4) },
    { title: "add8", parameters: 2, body: addition(8) },
    { title: "reach", parameters: 3, body: comparison() },
  ];
  const types = functions.map(({ parameters }) => [
    0x60,
    ...list(Array(parameters).fill([I32])),
    ...list([]),
  ]);
  const memory = [...text("env"), ...text("memory"), 0x02, 0x01, ...unsigned(1), ...unsigned(MOST_PAGES)];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, list(types)),
    ...section(2, list([memory])),
    ...section(3, list(functions.map((_, i) => [i]))),
    ...section(7, list(functions.map(({ title }, i) => [...text(title), 0x00, i]))),
    ...section(10, list(functions.map(({ body }) => sized(body)))),
  ]);
}

/**
 * Adds so many columns, a power of 2, whose addresses stand at {@link ADDRESSES}. It takes the number of bytes that are
 * added, and where the lowest plane begins.
 */
function addition(size: number): number[] {
  // Parameters and locals of 32 bits, then of 128.
  const [bytes, low, at, plane] = [0, 1, 2, 3];
  const column = (i: number) => 4 + i;
  const carry = (i: number) => 4 + size + i;
  const sum = 4 + 2 * size;
  const half = sum + 1;
  const other = sum + 2;

  // Of each pair of what is added, with the plane of their weight, a full adder makes a sum and what is carried to the next.
  const steps: number[] = [];
  let level = 0;
  for (let pairs = size / 2; pairs >= 1; pairs /= 2, level++) {
    steps.push(...load([...get(low), ...get(at), ...add], PLANE * level), ...set(sum));
    for (let pair = 0; pair < pairs; pair++) {
      const one = carry(2 * pair);
      const two = carry(2 * pair + 1);
      steps.push(
        ...[...get(sum), ...get(one), ...xor, ...set(half)],
        ...[...get(sum), ...get(one), ...and, ...get(half), ...get(two), ...and, ...or, ...set(other)],
        ...[...get(half), ...get(two), ...xor, ...set(sum)],
        ...[...get(other), ...set(carry(pair))],
      );
    }
    steps.push(...store([...get(low), ...get(at), ...add], get(sum), PLANE * level));
  }
  const last = carry(0);
  return [
    ...list([
      [...unsigned(2 + size), I32],
      [...unsigned(size + 3), V128],
    ]),
    ...Array.from({ length: size }, (_, i) => [...word(4 * (ADDRESSES + i)), ...set(column(i))]).flat(),
    ...loop([
      ...Array.from({ length: size }, (_, i) => [
        ...load([...get(column(i)), ...get(at), ...add], 0),
        ...set(carry(i)),
      ]).flat(),
      ...steps,
      // What is left is carried on from plane to plane, until nothing is.
      ...[...get(low), ...get(at), ...add, ...constant(PLANE * level), ...add, ...set(plane)],
      ...when(
        [...get(last), ...anyTrue],
        loop([
          ...[...load(get(plane), 0), ...set(sum)],
          ...store(get(plane), [...get(sum), ...get(last), ...xor], 0),
          ...[...get(sum), ...get(last), ...and, ...set(last)],
          ...[...get(plane), ...constant(PLANE), ...add, ...set(plane)],
          ...[...get(last), ...anyTrue, ...again],
        ]),
      ),
      ...[...get(at), ...constant(VECTOR), ...add, ...set(at)],
      ...[...get(at), ...get(bytes), ...below, ...again],
    ]),
    0x0b,
  ];
}

/**
 * Compares counters with a number, from their highest bits down. It takes the number of bytes, where the plane begins
 * that is written, the one above the highest, and the number, shifted to the left so that its highest bit comes first.
 */
function comparison(): number[] {
  const [bytes, top, needed, at, plane, bits] = [0, 1, 2, 3, 4, 5];
  const [equal, above, counters] = [6, 7, 8];
  return [
    ...list([
      [3, I32],
      [3, V128],
    ]),
    ...loop([
      ...[...constant(-1), ...splat, ...set(equal)],
      ...[...constant(0), ...splat, ...set(above)],
      ...[...get(needed), ...set(bits)],
      ...[...get(top), ...set(plane)],
      ...when(
        get(plane),
        loop([
          ...[...get(plane), ...constant(-PLANE), ...add, ...set(plane)],
          ...[...load([...get(plane), ...get(at), ...add], 0), ...set(counters)],
          ...choose(
            [...get(bits), ...constant(0), ...lower],
            [...get(equal), ...get(counters), ...and, ...set(equal)],
            [
              ...[...get(above), ...get(equal), ...get(counters), ...and, ...or, ...set(above)],
              ...[...get(equal), ...get(counters), ...andNot, ...set(equal)],
            ],
          ),
          ...[...get(bits), ...constant(1), ...shift, ...set(bits)],
          ...[...get(plane), ...again],
        ]),
      ),
      ...store([...get(top), ...get(at), ...add], [...get(above), ...get(equal), ...or], 0),
      ...[...get(at), ...constant(VECTOR), ...add, ...set(at)],
      ...[...get(at), ...get(bytes), ...below, ...again],
    ]),
    0x0b,
  ];
}

const add = [0x6a];
const shift = [0x74];
/** Of numbers with a sign, and without one. */
const lower = [0x48];
const below = [0x49];
const splat = [0xfd, 0x11];
const and = [0xfd, 0x4e];
const andNot = [0xfd, 0x4f];
const or = [0xfd, 0x50];
const xor = [0xfd, 0x51];
const anyTrue = [0xfd, 0x53];
/** To the beginning of the loop, if the number on the stack is not 0. */
const again = [0x0d, 0x00];

const get = (local: number) => [0x20, ...unsigned(local)];
const set = (local: number) => [0x21, ...unsigned(local)];
const constant = (value: number) => [0x41, ...signed(value)];
const word = (address: number) => [...constant(address), 0x28, 0x02, 0x00];
const load = (address: number[], offset: number) => [...address, 0xfd, 0x00, 0x00, ...unsigned(offset)];
const store = (address: number[], value: number[], offset: number) => [
  ...address,
  ...value,
  ...[0xfd, 0x0b, 0x00],
  ...unsigned(offset),
];
const loop = (body: number[]) => [0x03, 0x40, ...body, 0x0b];
const when = (condition: number[], body: number[]) => [...condition, 0x04, 0x40, ...body, 0x0b];
const choose = (condition: number[], one: number[], other: number[]) =>
  when(condition, [...one, 0x05, ...other]);

function section(id: number, content: number[]): number[] {
  return [id, ...sized(content)];
}

function sized(content: number[]): number[] {
  return [...unsigned(content.length), ...content];
}

function list(items: readonly number[][]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function text(characters: string): number[] {
  return sized([...characters].map((character) => character.charCodeAt(0)));
}

/** LEB128. */
function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

function signed(value: number): number[] {
  return value >= -0x40 && value < 0x40 ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...signed(value >> 7)];
}
