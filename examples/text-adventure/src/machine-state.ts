import type { MachineIo, ReadData, ZVM } from "ifvms";

/** A Z-machine between two commands. */
export interface MachineState {
  readonly memory: Uint8Array;
  readonly stack: Uint8Array;
  readonly stackTop: number;
  readonly frame: number;
  readonly frames: readonly number[];
  readonly counter: number;
  readonly input: ReadData;
  readonly io: MachineIo;
  readonly halted: boolean;
}

/** Copies everything that decides how a machine goes on. */
export function saveMachine(machine: ZVM): MachineState {
  const { stack, s, sp } = machine;
  return {
    memory: dynamicMemoryOf(machine).slice(),
    stack: new Uint8Array(stack.buffer, 0, s.byteOffset + sp * s.BYTES_PER_ELEMENT).slice(),
    stackTop: sp,
    frame: machine.frameptr,
    frames: machine.frames.slice(),
    counter: machine.pc,
    input: machine.read_data,
    io: copyOf(machine.io),
    halted: machine.quit === 1,
  };
}

/** Puts a machine back to where it was when it was saved. */
export function restoreMachine(machine: ZVM, state: MachineState): void {
  dynamicMemoryOf(machine).set(state.memory);
  new Uint8Array(machine.stack.buffer).set(state.stack);
  machine.frames = state.frames.slice();
  machine.frameptr = state.frame;
  machine.make_stacks();
  machine.sp = state.stackTop;
  machine.pc = state.counter;
  machine.read_data = state.input;
  machine.io = copyOf(state.io);
  machine.glk_blocking_call = null;
  machine.quit = state.halted ? 1 : 0;
}

function dynamicMemoryOf({ ram }: ZVM): Uint8Array {
  return new Uint8Array(ram.buffer, ram.byteOffset, ram.byteLength);
}

function copyOf(io: MachineIo): MachineIo {
  const [input, screen, transcript, memory, commands] = io.streams;
  return { ...io, streams: [input, screen, transcript, memory.map(([at, text]) => [at, text]), commands] };
}
