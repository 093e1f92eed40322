/** What a Z-machine waits for: a line, one key, or nothing. */
export type Awaited = "line" | "key" | undefined;

const LINE_EVENT = 3;
const KEY_EVENT = 2;
const ENTER = 0xfffffffa;

/** A structure that the machine hands to Glk to be filled in. */
class RefStruct {
  fields: unknown[] = [];
  push_field(value: unknown): void {
    this.fields.push(value);
  }
  get_field(index: number): unknown {
    return this.fields[index];
  }
}

/** A single value that the machine hands to Glk to be filled in. */
class RefBox {
  value = 0;
  get_value(): number {
    return this.value;
  }
}

const MAIN_WINDOW = { name: "main" };
const TEXT_BUFFER = 3;

/**
 * The least of Glk (https://eblong.com/zarf/glk/Glk-Spec-075.html) that a version 3 story needs: one window
 * that collects text, and line input from the caller. There is no status line and no file, so a story that
 * asks for a file to save to is told that the player gave none.
 */
export class Glk {
  readonly RefStruct = RefStruct;
  readonly RefBox = RefBox;

  /** What the machine waits for. */
  awaited: Awaited;
  /** The event that the machine reads when it resumes. */
  #event = new RefStruct();
  #line: number[] = [];
  #text = "";

  /** The text printed since the last call. */
  takeText(): string {
    const text = this.#text;
    this.#text = "";
    return text;
  }

  /** Answers a request for a line; what is longer than the story's buffer is cut off. */
  typeLine(line: string): void {
    const length = Math.min(line.length, this.#line.length);
    for (let i = 0; i < length; i++) this.#line[i] = line.charCodeAt(i);
    this.#event.fields = [LINE_EVENT, MAIN_WINDOW, length, 0];
    this.awaited = undefined;
  }

  /** Answers a request for a key with Enter. */
  pressEnter(): void {
    this.#event.fields = [KEY_EVENT, MAIN_WINDOW, ENTER, 0];
    this.awaited = undefined;
  }

  /** Waits for a line again, as when a snapshot was taken. */
  awaitLine(buffer: number[]): void {
    this.glk_request_line_event_uni(MAIN_WINDOW, buffer);
  }

  glk_request_line_event_uni(_window: object, buffer: number[]): void {
    this.#line = buffer;
    this.awaited = "line";
  }
  glk_request_char_event_uni(): void {
    this.awaited = "key";
  }
  glk_select(event: RefStruct): void {
    this.#event = event;
  }
  glk_put_jstring(text: string): void {
    this.#text += text;
  }
  glk_window_open(_split: unknown, _method: number, _size: number, type: number): object | null {
    return type === TEXT_BUFFER ? MAIN_WINDOW : null;
  }
  glk_window_get_size(_window: object, width: RefBox, height: RefBox): void {
    width.value = 80;
    height.value = 24;
  }
  /** 0: none of Glk's optional abilities. */
  glk_gestalt(): number {
    return 0;
  }
  /** The machine reports its own failures here; they reach whoever gave the command. */
  fatal_error(error: unknown): never {
    throw error;
  }
  glk_set_window(): void {}
  glk_set_style(): void {}
  glk_stylehint_set(): void {}
  glk_stylehint_clear(): void {}
  glk_window_clear(): void {}
  glk_fileref_create_by_prompt(): void {}
  glk_exit(): void {}
  update(): void {}
}
