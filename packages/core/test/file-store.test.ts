import { chmod, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { RetentionOptions, StoreChange } from "@jitrl/core";
import { FileExperienceStore } from "@jitrl/core/file";
import { storeSuite } from "@jitrl/core/testing";
import { describe, expect, test } from "vitest";
import { bigEpisode } from "./file-store-commands.js";
import { errorOf, filesWith, temporaryFolder } from "./file-store-world.js";

const { path } = temporaryFolder();

describe("FileExperienceStore", () => {
  const paths = new WeakMap<object, string>();
  const open = async (file: string, options: RetentionOptions) => {
    const store = await FileExperienceStore.open(file, { sync: false, ...options });
    paths.set(store, file);
    return store;
  };
  storeSuite({ test, expect }, (options) => open(path(), options), {
    reopen: (closed, options) => open(paths.get(closed) ?? "", options),
  });
});

async function put(store: FileExperienceStore, id: string, revision = 1, size = 10): Promise<void> {
  const result = await store.put(bigEpisode(id, revision, size), { expectedRevision: revision - 1 });
  expect(result).toMatchObject({ status: "stored", revision });
}

async function lines(file: string): Promise<unknown[]> {
  const text = await readFile(file, "utf8");
  return text
    .trimEnd()
    .split("\n")
    .map((line): unknown => JSON.parse(line));
}

describe("the file", () => {
  test("is JSON Lines that can be read without this code", async () => {
    const file = path();
    const store = await FileExperienceStore.open(file, { capacity: 2, now: () => 5_000 });
    await put(store, "a");
    await put(store, "a", 2);
    await put(store, "b");
    await put(store, "c");
    const episode = (id: string, revision: number, sequence: number) => ({
      put: { ...bigEpisode(id, revision), revision, sequence },
    });
    const header = { format: "jitrl-experience", version: 0 };
    expect(await lines(file)).toEqual([
      header,
      episode("a", 1, 1),
      episode("a", 2, 1),
      episode("b", 1, 2),
      episode("c", 1, 3),
      { evicted: ["a"] },
    ]);
    await store.delete({ metadata: { user: "u" } });
    await store.close();
    expect(await lines(file)).toEqual([
      { ...header, sequence: 3 },
      {
        forgotten: {
          kind: "metadata",
          keys: ["user"],
          digest: expect.stringMatching(/^[0-9a-f]{64}$/u),
          at: 5_000,
        },
      },
      episode("b", 1, 2),
      episode("c", 1, 3),
    ]);
  });

  test("is created with the folders above it, for its owner only; nothing else is left beside it", async () => {
    const file = path("deep/er/experience.jsonl");
    const store = await FileExperienceStore.open(file);
    await put(store, "a");
    expect((await readdir(dirname(file))).sort()).toEqual(["experience.jsonl", "experience.jsonl.lock"]);
    await store.close();
    expect(await readdir(dirname(file))).toEqual(["experience.jsonl"]);
    if (process.platform !== "win32") expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  test("keeps the rights that it was given, and stays where a link leads", async () => {
    const file = path();
    await (await FileExperienceStore.open(file)).close();
    await chmod(file, 0o640);
    const link = path("link.jsonl");
    await mkdir(dirname(link));
    await symlink(file, link);
    const store = await FileExperienceStore.open(link);
    await put(store, "a");
    await store.delete({ episodeId: "a" });
    await put(store, "b");
    await store.close();
    expect((await stat(file)).mode & 0o777).toBe(0o640);
    expect(await filesWith("of b", dirname(file))).toEqual([file]);
  });

  test("may be empty: then it is a new store", async () => {
    const file = path();
    await mkdir(dirname(file));
    await writeFile(file, "");
    const store = await FileExperienceStore.open(file);
    await put(store, "a");
    await store.close();
    expect(await lines(file)).toHaveLength(2);
  });

  test("of something else, or of a newer version, is refused and left as it is", async () => {
    const foreign = [
      '{"name":"package"}\n',
      "id,reward\n1,2\n",
      "not even a line",
      "\n",
      '{"format":"jitrl-experience"}\n',
      Buffer.from([0, 1, 2, 0xff, 0x0a, 0]),
    ];
    for (const content of [...foreign, '{"format":"jitrl-experience","version":1,"x":[]}\n{"put":{}}\n']) {
      const file = path();
      await mkdir(dirname(file));
      await writeFile(file, content);
      const error = await errorOf(FileExperienceStore.open(file));
      expect(error.code).toBe("store-corrupt");
      expect(error.message).toContain(file);
      expect(error.message).toContain("choose another path");
      expect(error.message.includes("Update this package")).toBe(!foreign.includes(content));
      expect(await readFile(file)).toEqual(Buffer.from(content));
      expect(await readdir(dirname(file))).toEqual(["experience.jsonl"]);
    }
  });

  test("that is a folder, or below a file, is a clear error", async () => {
    const file = path();
    await mkdir(file, { recursive: true });
    const error = await errorOf(FileExperienceStore.open(file));
    expect(error.code).toBe("store-failed");
    expect(error.message).toMatch(/Could not open ".*": it is a folder/u);
    await writeFile(join(file, "x"), "");
    const below = await errorOf(FileExperienceStore.open(join(file, "x", "y.jsonl")));
    expect(below.code).toBe("store-failed");
    expect(below.cause).toMatchObject({ code: "ENOTDIR" });
  });

  // Root may write anywhere, so these run as somebody else; in a worker thread a process cannot change who it is.
  const asSomebody =
    process.platform !== "win32" && (process.getuid?.() !== 0 || process.seteuid !== undefined);
  test.runIf(asSomebody)("in a read-only folder, or itself read-only, is a clear error", async () => {
    const file = path();
    await mkdir(dirname(file));
    await chmod(dirname(dirname(file)), 0o755);
    const closed = path();
    await (await FileExperienceStore.open(closed)).close();
    await chmod(dirname(closed), 0o777);
    await chmod(closed, 0o444);
    await chmod(dirname(file), 0o555);
    const isRoot = process.getuid?.() === 0;
    if (isRoot) process.seteuid?.(65_534);
    try {
      for (const unwritable of [file, closed]) {
        const error = await errorOf(FileExperienceStore.open(unwritable));
        expect(error.code).toBe("store-failed");
        expect(error.message).toContain(unwritable);
        expect(error.message).toContain("Give this process the right to write");
        expect(error.cause).toMatchObject({ code: "EACCES" });
      }
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  });
});

describe("a write that fails", () => {
  test("changes nothing and tells nobody", async () => {
    const file = path();
    const store = await FileExperienceStore.open(file);
    await put(store, "a");
    const changes: StoreChange[] = [];
    store.watch((change) => changes.push(change));
    await rm(file);
    const before = await store.get("a");
    for (const work of [
      store.put(bigEpisode("b"), { expectedRevision: 0 }),
      store.put(bigEpisode("a", 2), { expectedRevision: 1 }),
      store.delete({ episodeId: "a" }),
    ]) {
      expect((await errorOf(work)).code).toBe("store-failed");
    }
    expect(await store.get("a")).toEqual(before);
    expect(await store.get("b")).toBe(undefined);
    expect(changes).toEqual([]);
    await store.close();
  });
});

describe("compaction", () => {
  test("bounds the size of a file whose episodes are revised again and again", async () => {
    const file = path();
    let store = await FileExperienceStore.open(file, { sync: false });
    await put(store, "other", 1, 100_000);
    let largest = 0;
    for (let revision = 1; revision <= 120; revision++) {
      await put(store, "a", revision, 50_000);
      largest = Math.max(largest, (await stat(file)).size);
    }
    await store.close();
    expect(largest).toBeGreaterThan(1_000_000);
    expect(largest).toBeLessThan(2 ** 20 + 4 * 150_000);
    store = await FileExperienceStore.open(file);
    expect((await store.get("a"))?.metadata).toEqual({ written: 120 });
    expect((await store.get("a"))?.revision).toBe(120);
    expect((await store.get("other"))?.sequence).toBe(1);
    await store.close();
  });

  test("bounds the size of a file whose episodes are evicted", async () => {
    const file = path();
    const store = await FileExperienceStore.open(file, { sync: false, capacity: 3 });
    for (let i = 0; i < 120; i++) await put(store, `e${i}`, 1, 50_000);
    await store.close();
    expect((await stat(file)).size).toBeLessThan(2 ** 20 + 6 * 50_000);
    const reopened = await FileExperienceStore.open(file);
    expect(await reopened.stats()).toEqual({ episodes: 3, setAside: 0 });
    await reopened.close();
  });

  test("that was killed leaves the old file, and its leftover is removed at opening", async () => {
    const file = path();
    let store = await FileExperienceStore.open(file);
    await put(store, "a");
    await store.close();
    await writeFile(`${file}.compacting`, (await readFile(file)).subarray(0, 60));
    store = await FileExperienceStore.open(file);
    expect(await store.stats()).toEqual({ episodes: 1, setAside: 0 });
    expect((await readdir(dirname(file))).sort()).toEqual(["experience.jsonl", "experience.jsonl.lock"]);
    await store.close();
  });

  test("that fails is reported, loses nothing and is tried again", async () => {
    const file = path();
    const errors: string[] = [];
    const store = await FileExperienceStore.open(file, {
      sync: false,
      onError: ({ code }) => errors.push(code),
    });
    // A folder in the place of the file that it writes to.
    await mkdir(join(`${file}.compacting`, "x"), { recursive: true });
    let revision = 0;
    while (errors.length === 0 && revision < 60) await put(store, "a", ++revision, 50_000);
    expect(errors).toEqual(["store-failed"]);
    expect((await store.get("a"))?.revision).toBe(revision);
    const deletion = await errorOf(store.delete({ episodeId: "a" }));
    expect(deletion.code).toBe("store-failed");
    expect((await store.get("a"))?.revision).toBe(revision);
    await rm(`${file}.compacting`, { recursive: true });
    for (let more = 0; more < 60; more++) await put(store, "a", ++revision, 50_000);
    await store.close();
    expect((await stat(file)).size).toBeLessThan(2_500_000);
    const reopened = await FileExperienceStore.open(file);
    expect((await reopened.get("a"))?.revision).toBe(revision);
    await reopened.close();
  });
});

describe("what was forgotten", () => {
  const secret = "Kasimir-Vogelsang";
  const selectors = [
    { episodeId: `id of ${secret}` },
    { threadId: secret },
    { metadata: { user: secret } },
    { all: true },
  ] as const;
  for (const selector of selectors) {
    test(`by ${Object.keys(selector)} is in no byte of the folder, dead lines and damaged ones included`, async () => {
      const file = path();
      let store = await FileExperienceStore.open(file, { capacity: 2 });
      await put(store, "other");
      const theirs = { ...bigEpisode(`id of ${secret}`), threadId: secret, metadata: { user: secret } };
      await store.put(theirs, { expectedRevision: 0 });
      await store.put({ ...theirs, end: "failed" }, { expectedRevision: 1 });
      await store.close();
      await writeFile(file, Buffer.concat([await readFile(file), Buffer.from(`{"put":${secret}\n`)]));
      store = await FileExperienceStore.open(file, { capacity: 2 });
      expect((await store.stats()).setAside).toBe(1);
      expect((await filesWith(secret, dirname(file))).length).toBe(1);
      await store.delete(selector);
      expect(await filesWith(secret, dirname(file))).toEqual([]);
      expect((await store.stats()).setAside).toBe(0);
      expect((await store.put(theirs, { expectedRevision: 0 })).status).toBe("forgotten");
      expect(await filesWith(secret, dirname(file))).toEqual([]);
      await store.close();
      expect(await filesWith(secret, dirname(file))).toEqual([]);
    });
  }

  test("is gone also where it was only in lines of what had been evicted", async () => {
    const file = path();
    const store = await FileExperienceStore.open(file, { capacity: 1 });
    await store.put({ ...bigEpisode("a"), threadId: secret }, { expectedRevision: 0 });
    await put(store, "b");
    expect((await filesWith(secret, dirname(file))).length).toBe(1);
    expect(await store.delete({ threadId: secret })).toEqual({ ids: [] });
    expect(await filesWith(secret, dirname(file))).toEqual([]);
    expect(await store.stats()).toEqual({ episodes: 1, setAside: 0 });
    await store.close();
  });
});
