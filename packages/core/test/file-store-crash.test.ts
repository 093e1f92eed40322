import { readdir, readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { FileExperienceStore } from "@jitrl/core/file";
import { expect, test } from "vitest";
import { bigEpisode } from "./file-store-commands.js";
import { filesWith, StoreProcess, temporaryFolder } from "./file-store-world.js";

const { path } = temporaryFolder();

// They wait for processes most of the time; on a busy machine for long.
const options = { concurrent: true, timeout: 120_000 };

/** Lets a process write until it has acknowledged so much, kills it in the middle, and gives what it acknowledged. */
async function killedWhile(
  work: "write" | "revise" | "write-and-delete",
  file: string,
  { name, sync, after }: { name: string; sync: boolean; after: number },
) {
  const writer = new StoreProcess();
  expect(await writer.ask({ do: "open", path: file, sync })).toEqual({ opened: writer.child.pid });
  await writer.ask({ do: work, name }, after);
  await writer.kill();
  return {
    puts: writer.answers.flatMap(({ put, revision }) => (put && revision ? [{ id: put, revision }] : [])),
    deleted: writer.answers.flatMap(({ deleted }) => deleted ?? []),
  };
}

test("all that was acknowledged is there after a process was killed while it wrote", options, async () => {
  const file = path();
  const acknowledged: string[] = [];
  const rounds = [
    { name: "a", sync: true, after: 40 },
    { name: "b", sync: false, after: 350 },
    { name: "c", sync: false, after: 7 },
  ];
  for (const [i, round] of rounds.entries()) {
    const { puts } = await killedWhile("write", file, round);
    expect(puts.length).toBeGreaterThanOrEqual(round.after);
    acknowledged.push(...puts.map(({ id }) => id));
    const store = await FileExperienceStore.open(file);
    const ids: string[] = [];
    for await (const episode of store.scan()) {
      ids.push(episode.id);
      expect(episode).toEqual({ ...bigEpisode(episode.id, 1, 200), sequence: episode.sequence });
    }
    expect(acknowledged.filter((id) => !ids.includes(id))).toEqual([]);
    // A round may have stored one that it could not acknowledge any more.
    expect(ids.length).toBeLessThanOrEqual(acknowledged.length + i + 1);
    expect((await store.stats()).setAside).toBe(0);
    await store.close();
    expect(await readdir(dirname(file))).toEqual(["experience.jsonl"]);
  }
});

test("also while the file was being compacted again and again", options, async () => {
  const file = path();
  for (const [i, after] of [90, 55, 130].entries()) {
    const name = `round${i}`;
    const { puts } = await killedWhile("revise", file, { name, sync: i === 1, after });
    const store = await FileExperienceStore.open(file);
    for (const id of [`${name}-0`, `${name}-1`]) {
      const acknowledged = Math.max(...puts.filter((put) => put.id === id).map(({ revision }) => revision));
      const held = await store.get(id);
      if (!held) throw new Error(`${id} is gone.`);
      expect([acknowledged, acknowledged + 1]).toContain(held.revision);
      expect(held).toEqual({
        ...bigEpisode(id, held.revision, 60_000),
        revision: held.revision,
        sequence: held.sequence,
      });
    }
    expect(await store.stats()).toEqual({ episodes: 2 * (i + 1), setAside: 0 });
    await store.close();
    // More was written than is there, so it was compacted.
    expect((await stat(file)).size).toBeLessThan(after * 60_000);
    expect(await readdir(dirname(file))).toEqual(["experience.jsonl"]);
  }
});

test("what was deleted before the kill is gone from every file, and the rest is there", options, async () => {
  const file = path();
  for (const [i, after] of [61, 90].entries()) {
    const { puts, deleted } = await killedWhile("write-and-delete", file, {
      name: `n${i}`,
      sync: i === 1,
      after,
    });
    expect(deleted.length).toBeGreaterThan(20);
    for (const id of deleted) expect(await filesWith(`of ${id}`, dirname(file))).toEqual([]);
    const store = await FileExperienceStore.open(file);
    const left = puts.map(({ id }) => id).filter((id) => !deleted.includes(id));
    // The oldest of them may have been under deletion when the kill came.
    for (const id of left.slice(1)) expect((await store.get(id))?.id).toBe(id);
    for (const id of deleted.slice(-3)) {
      expect((await store.put(bigEpisode(id), { expectedRevision: 0 })).status).toBe("forgotten");
    }
    await store.close();
  }
});

test.runIf(process.platform !== "win32")(
  "a full disk loses nothing and spoils nothing",
  options,
  async () => {
    const file = path();
    // A limit on the size of files is to a write what a full disk is.
    const limited = new StoreProcess('ulimit -S -f 2048; exec "$0" "$@"');
    await limited.ask({ do: "open", path: file });
    limited.tell({ do: "fill", name: "e" });
    await limited.end();
    const answers = limited.answers.slice(1);
    const failure = answers.find(({ code }) => code);
    expect(failure?.code).toBe("store-failed");
    expect(failure?.message).toContain("Free space on the disk");
    expect(failure?.whole).toBe(true);
    // After the failure a smaller episode still fits.
    expect(answers.at(-1)).toEqual({ filled: true });
    const acknowledged = answers.flatMap(({ put }) => put ?? []);
    expect(acknowledged.length).toBeGreaterThan(5);
    const text = await readFile(file, "utf8");
    expect(text.endsWith("\n")).toBe(true);
    expect(text.trimEnd().split("\n").length).toBe(1 + acknowledged.length);
    const store = await FileExperienceStore.open(file);
    const ids: string[] = [];
    for await (const { id } of store.scan()) ids.push(id);
    expect(ids).toEqual(acknowledged);
    expect((await store.stats()).setAside).toBe(0);
    await store.close();
  },
);
