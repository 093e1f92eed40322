import { appendFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { FileExperienceStore } from "@jitrl/core/file";
import { expect, test } from "vitest";
import { bigEpisode } from "./file-store-commands.js";
import { temporaryFolder } from "./file-store-world.js";

const { path } = temporaryFolder();

/** A file with the episodes "e0", "e1", … and its lines, each with its end. */
async function written(count: number): Promise<{ file: string; lines: Buffer[] }> {
  const file = path();
  const store = await FileExperienceStore.open(file, { sync: false });
  for (let i = 0; i < count; i++) {
    const episode = { ...bigEpisode(`e${i}`), metadata: { text: "Grüße 😀" } };
    await store.put(episode, { expectedRevision: 0 });
  }
  await store.close();
  const text = await readFile(file, "utf8");
  return { file, lines: text.split(/(?<=\n)/u).map((line) => Buffer.from(line)) };
}

async function holds(file: string): Promise<{ ids: string[]; setAside: number }> {
  const store = await FileExperienceStore.open(file, { sync: false });
  const ids: string[] = [];
  for await (const { id } of store.scan()) ids.push(id);
  const { setAside } = await store.stats();
  await store.close();
  return { ids, setAside };
}

test("a last line that was torn at any byte is cut off, and writing goes on after it", async () => {
  const { file, lines } = await written(3);
  const whole = Buffer.concat(lines);
  const last = lines.at(-1)!.length;
  for (let missing = 1; missing <= last; missing++) {
    await writeFile(file, whole.subarray(0, whole.length - missing));
    const store = await FileExperienceStore.open(file, { sync: false });
    // Where only the end of line is missing, nothing is.
    const expected = missing === 1 ? ["e0", "e1", "e2"] : ["e0", "e1"];
    expect(await store.stats()).toEqual({ episodes: expected.length, setAside: 0 });
    const put = await store.put(bigEpisode("next"), { expectedRevision: 0 });
    expect(put).toEqual({ status: "stored", revision: 1, sequence: expected.length + 1 });
    await store.close();
    const records = (await readFile(file, "utf8")).trimEnd().split("\n").slice(1);
    expect(records.map((record): unknown => JSON.parse(record).put.id)).toEqual([...expected, "next"]);
  }
});

test("a file whose creation was cut off at any byte is a new store", async () => {
  const { file, lines } = await written(0);
  const header = lines[0]!;
  for (let length = 0; length <= header.length; length++) {
    await writeFile(file, header.subarray(0, length));
    expect(await holds(file)).toEqual({ ids: [], setAside: 0 });
    expect(await readFile(file)).toEqual(header);
  }
});

const garbage: readonly Buffer[] = [
  Buffer.from("not JSON"),
  Buffer.from('{"put":{"id":"e9","steps":'),
  Buffer.from('{"put":{"id":"e9"}}'),
  Buffer.from('{"unheard-of":1}'),
  Buffer.from("null"),
  Buffer.from("[]"),
  Buffer.from([0, 0, 0, 0]),
  Buffer.from([0xff, 0xfe, 0x00, 0x80, 0x0d]),
  Buffer.concat([Buffer.from('{"evicted":["e'), Buffer.from([0xc3]), Buffer.from('"]}')]),
  Buffer.alloc(700_000, 0xa7),
];

function whole(line: Buffer): Buffer {
  return Buffer.concat([Buffer.from("\n"), line, Buffer.from("\n")]);
}

test("lines that cannot be read are set aside anywhere in the file, and nothing else is lost", async () => {
  const { file, lines } = await written(garbage.length + 2);
  const [header, ...records] = lines;
  const mixed = records.flatMap((record, i) => {
    const line = garbage[i];
    return line ? [record, line, Buffer.from("\n")] : [record];
  });
  await writeFile(file, Buffer.concat([header!, ...mixed]));
  const ids = records.map((_, i) => `e${i}`);
  expect(await holds(file)).toEqual({ ids, setAside: garbage.length });

  // Ordinary compaction keeps them as they are.
  let store = await FileExperienceStore.open(file, { sync: false });
  for (let revision = 1; revision <= 90; revision++) {
    await store.put(bigEpisode("much", revision, 60_000), { expectedRevision: revision - 1 });
  }
  await store.close();
  const compacted = await readFile(file);
  expect(compacted.length).toBeLessThan(90 * 60_000);
  for (const line of garbage) expect(compacted.includes(whole(line))).toBe(true);
  expect(await holds(file)).toEqual({ ids: [...ids, "much"], setAside: garbage.length });

  // A deletion drops them, because nobody can tell whether they hold what must be forgotten.
  store = await FileExperienceStore.open(file, { sync: false });
  await store.delete({ episodeId: "nobody" });
  expect((await store.stats()).setAside).toBe(0);
  await store.close();
  const cleaned = await readFile(file);
  for (const line of garbage) expect(cleaned.includes(whole(line))).toBe(false);
  expect(await holds(file)).toEqual({ ids: [...ids, "much"], setAside: 0 });
});

test("a damaged byte costs at most the line that it is in", async () => {
  const { file, lines } = await written(4);
  const whole = Buffer.concat(lines);
  const start = lines[0]!.length + lines[1]!.length;
  for (let at = start; at < start + lines[2]!.length - 1; at += 3) {
    const damaged = Buffer.from(whole);
    damaged[at] = 0xff;
    await writeFile(file, damaged);
    expect(await holds(file)).toEqual({ ids: ["e0", "e2", "e3"], setAside: 1 });
  }
});

test("a revision whose first line was damaged keeps its place, and what follows an unreadable eviction is kept", async () => {
  const file = path();
  let store = await FileExperienceStore.open(file, { capacity: 3 });
  for (const id of ["a", "b", "c"]) await store.put(bigEpisode(id), { expectedRevision: 0 });
  await store.put(bigEpisode("a", 2), { expectedRevision: 1 });
  await store.put(bigEpisode("d"), { expectedRevision: 0 }); // evicts "a"
  await store.put(bigEpisode("a"), { expectedRevision: 0 }); // evicts "b"
  await store.close();
  const text = (await readFile(file, "utf8")).split("\n");
  text[1] = "damaged";
  await writeFile(file, text.filter((line) => !line.startsWith('{"evicted":["a"')).join("\n"));
  store = await FileExperienceStore.open(file);
  const seen: [string, number, number][] = [];
  for await (const { id, sequence, revision } of store.scan()) seen.push([id, sequence, revision]);
  expect(seen).toEqual([
    ["c", 3, 1],
    ["d", 4, 1],
    ["a", 5, 1],
  ]);
  await store.close();
  await writeFile(file, text.slice(0, 5).join("\n"));
  expect(await holds(file)).toEqual({ ids: ["a", "b", "c"], setAside: 1 });
});

test("lines of another file that were appended by hand are not mistaken for this one's", async () => {
  const [one, other] = [await written(3), await written(2)];
  await appendFile(one.file, Buffer.concat(other.lines));
  // The same lines again, and a header in the middle.
  expect(await holds(one.file)).toEqual({ ids: ["e0", "e1", "e2"], setAside: 3 });
});

test("blank lines and other ends of line do no harm", async () => {
  const { file, lines } = await written(2);
  await mkdir(dirname(file), { recursive: true });
  const text = Buffer.concat(lines).toString().replaceAll("\n", "\r\n\r\n \n");
  await writeFile(file, text);
  expect(await holds(file)).toEqual({ ids: ["e0", "e1"], setAside: 0 });
});
