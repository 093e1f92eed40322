/** The part of ifvms 1.1.6 that the example uses; the package ships no types of its own. */
declare module "ifvms" {
  /** Where the machine waits for a line, and where the words of that line go. */
  export interface ReadData {
    buffer: number[];
    bufaddr: number;
    parseaddr: number;
    routine: number;
    storer: number;
    time: number;
  }

  /** What the machine remembers of its windows and streams. */
  export interface MachineIo {
    currentwin: number;
    height: number;
    maxheight: number;
    seenheight: number;
    row: number;
    col: number;
    /** Index 3 is the stack of memory streams, each an address and the text printed to it so far. */
    streams: [number, number, object, [number, string][], object];
  }

  /** A Z-machine that calls Glk (https://eblong.com/zarf/glk/) for input and output. */
  export class ZVM {
    constructor();
    prepare(story: Uint8Array, options: { Glk: object; stack_len?: number }): void;
    /** Runs up to the story's first request for input. */
    start(): void;
    /** Continues after an event; the argument answers a blocking Glk call. */
    resume(answer?: unknown): void;
    /** The `random` opcode: 1 to `range`, or 0 where `range` is below 1. Compiled code calls it here. */
    random(range: number): number;
    /** Makes the views of the locals and the evaluation stack from `stack` and `frameptr`. */
    make_stacks(): void;

    /** The whole story in memory, dynamic memory first. */
    readonly m: DataView<ArrayBuffer>;
    /** Dynamic memory alone, in the same bytes: everything is written through it. */
    readonly ram: DataView<ArrayBuffer>;
    /** Address of the global variables. */
    readonly globals: number;
    stack: DataView<ArrayBuffer>;
    s: Uint16Array;
    sp: number;
    frameptr: number;
    frames: number[];
    pc: number;
    /** 1 after the story has stopped for good. */
    quit?: number;
    glk_blocking_call: string | null;
    io: MachineIo;
    read_data: ReadData;
  }
}
