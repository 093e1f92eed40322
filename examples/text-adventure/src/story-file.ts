/** A file that is no story that this example can play. The message says what was expected and what was found. */
export class StoryFileError extends Error {
  override readonly name = "StoryFileError";
}

const HEADER_BYTES = 64;
const VERSION = 3;
const TIME_GAME = 0x02;
/** Words of the header: the length of the file, in units of two bytes, and the sum of all bytes after it. */
const LENGTH = 0x1a;
const CHECKSUM = 0x1c;

/**
 * Checks that a file can be a Z-machine story of version 3 that keeps a score. Other versions show no status
 * line of their own, so nothing says where they keep their score.
 * @throws StoryFileError when it cannot be one
 */
export function checkStoryFile(file: Uint8Array): void {
  const problem = problemOf(file);
  if (problem === undefined) return;
  throw new StoryFileError(
    `expected a Z-machine story of version ${VERSION} that keeps a score; found ${problem}`,
  );
}

function problemOf(file: Uint8Array): string | undefined {
  const [version = 0, flags = 0] = file;
  if (file.length < HEADER_BYTES) return `${file.length} bytes, fewer than a story's header has`;
  if (version !== VERSION) return `version ${version} in the first byte`;
  if (flags & TIME_GAME) return "one that shows the time in place of a score";
  return isIntact(file) ? undefined : "a damaged one: its bytes do not add up to the checksum in its header";
}

/** The earliest stories state no length and no checksum. */
function isIntact(file: Uint8Array): boolean {
  const header = new DataView(file.buffer, file.byteOffset, HEADER_BYTES);
  const length = header.getUint16(LENGTH) * 2;
  if (length === 0) return true;
  const sum = file.subarray(HEADER_BYTES, length).reduce((total, byte) => total + byte, 0);
  return file.length >= length && (sum & 0xffff) === header.getUint16(CHECKSUM);
}
