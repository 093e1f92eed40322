import { spawnSync } from "node:child_process";
import { mkdir, readdir, readFile, realpath, symlink, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join, relative } from "node:path";
import { FileExperienceStore } from "@jitrl/core/file";
import { afterAll, beforeAll, expect, test } from "vitest";
import { errorOf, StoreProcess, temporaryFolder } from "./file-store-world.js";

const { path } = temporaryFolder();
let one: StoreProcess;
let other: StoreProcess;
beforeAll(() => {
  one = new StoreProcess();
  other = new StoreProcess();
});
afterAll(() => Promise.all([one.end(), other.end()]));

async function withLock(holder: object | string): Promise<string> {
  const file = path();
  await mkdir(dirname(file));
  await writeFile(`${file}.lock`, typeof holder === "string" ? holder : JSON.stringify(holder));
  return file;
}

/** A pid that was a process of this host a moment ago. */
function deadPid(): number {
  return spawnSync(process.execPath, ["--version"]).pid;
}

test("a second store on one file is refused, under all names of the file, until the first is closed", async () => {
  const file = path("real.jsonl");
  const store = await FileExperienceStore.open(file);
  const folder = dirname(file);
  await symlink(file, join(folder, "link.jsonl"));
  await symlink(folder, `${folder}-link`);
  const names = [
    file,
    join(folder, "link.jsonl"),
    join(`${folder}-link`, "real.jsonl"),
    join(`${folder}-link`, "link.jsonl"),
    relative(process.cwd(), file),
    join(folder, ".", "real.jsonl"),
  ];
  for (const name of names) {
    const error = await errorOf(FileExperienceStore.open(name));
    expect(error.code).toBe("store-locked");
    expect(error.details).toMatchObject({ pid: process.pid, host: hostname(), path: await realpath(file) });
  }
  await store.close();
  for (const name of names) await (await FileExperienceStore.open(name)).close();
  expect((await readdir(folder)).sort()).toEqual(["link.jsonl", "real.jsonl"]);
});

test("another process is refused with an error that says who holds what, and what to do", async () => {
  const file = path();
  const store = await FileExperienceStore.open(file);
  const refused = await one.ask({ do: "open", path: file });
  expect(refused.code).toBe("store-locked");
  for (const part of [
    `process ${process.pid} `,
    `"${hostname()}"`,
    await realpath(file),
    ".lock",
    "Close that store",
  ]) {
    expect(refused.message).toContain(part);
  }
  await store.close();
  expect(await one.ask({ do: "open", path: file })).toEqual({ opened: one.child.pid });
  expect((await errorOf(FileExperienceStore.open(file))).details).toMatchObject({ pid: one.child.pid });
  await one.ask({ do: "close" });
  await (await FileExperienceStore.open(file)).close();
});

test("the lock of a process that was killed is taken over", async () => {
  const file = path();
  const killed = new StoreProcess();
  await killed.ask({ do: "open", path: file });
  await killed.kill();
  expect(JSON.parse(await readFile(`${file}.lock`, "utf8"))).toMatchObject({ pid: killed.child.pid });
  await (await FileExperienceStore.open(file)).close();
  expect(await readdir(dirname(file))).toEqual(["experience.jsonl"]);
});

test("also when a process that took it over was killed while it did", async () => {
  const dead = { pid: deadPid(), host: hostname(), since: "" };
  const file = await withLock({ ...dead, token: "1" });
  await writeFile(`${file}.lock.takeover`, JSON.stringify({ ...dead, token: "2" }));
  await (await FileExperienceStore.open(file)).close();
  expect(await readdir(dirname(file))).toEqual(["experience.jsonl"]);
});

test.runIf(process.platform === "linux")(
  "a reused pid is told from the process that had it before",
  async () => {
    const file = await withLock({
      pid: process.pid,
      host: hostname(),
      started: "an earlier boot:1",
      since: "",
    });
    await (await FileExperienceStore.open(file)).close();
    // Without the moment of its start it may be this very process.
    const unsure = await withLock({ pid: process.pid, host: hostname(), since: "" });
    expect((await errorOf(FileExperienceStore.open(unsure))).code).toBe("store-locked");
  },
);

test.runIf(process.platform === "linux")(
  "a killed process that nobody has buried yet holds nothing",
  async () => {
    const file = path();
    const unburied = new StoreProcess('"$0" "$@" <&3 & exec sleep 60 3<&-'.replace(/^/u, "exec 3<&0; "));
    const { opened } = await unburied.ask({ do: "open", path: file });
    if (opened === undefined) throw new Error("Expected the process to open the file.");
    process.kill(opened, "SIGKILL");
    let state = "";
    while (state !== "Z")
      state = (await readFile(`/proc/${opened}/stat`, "utf8")).replace(/^.*\) (.).*$/su, "$1");
    await (await FileExperienceStore.open(file)).close();
    await unburied.kill();
  },
);

test("what nobody can tell to be stale counts as held", async () => {
  const elsewhere = await withLock({
    pid: 1,
    host: "another-host",
    started: "x:1",
    since: "2026-01-01T00:00:00.000Z",
  });
  const error = await errorOf(FileExperienceStore.open(elsewhere));
  expect(error.code).toBe("store-locked");
  expect(error.message).toContain('process 1 on host "another-host"');
  expect(error.message).toContain(`delete "${await realpath(dirname(elsewhere))}/experience.jsonl.lock"`);
  for (const text of ["", "{", "null", "12", '{"pid":0,"host":"x"}', '{"pid":"1"}']) {
    const unclear = await withLock(text);
    expect((await errorOf(FileExperienceStore.open(unclear))).code).toBe("store-locked");
    expect(await readFile(`${unclear}.lock`, "utf8")).toBe(text);
  }
});

test("of those who race for a stale lock exactly one wins, and the others are told", async () => {
  const dead = { pid: deadPid(), host: hostname(), since: "" };
  for (let round = 0; round < 25; round++) {
    const file = await withLock({ ...dead, token: String(round) });
    const here = Promise.allSettled([FileExperienceStore.open(file), FileExperienceStore.open(file)]);
    const there = await Promise.all([
      one.ask({ do: "open", path: file }),
      other.ask({ do: "open", path: file }),
    ]);
    const outcomes = await here;
    const won = outcomes.filter(({ status }) => status === "fulfilled").length;
    expect(won + there.filter(({ opened }) => opened).length).toBe(1);
    expect(there.filter(({ code }) => code === "store-locked").length).toBe(
      there.filter(({ opened }) => !opened).length,
    );
    for (const outcome of outcomes) {
      if (outcome.status === "fulfilled") await outcome.value.close();
      else expect(outcome.reason).toMatchObject({ code: "store-locked" });
    }
    for (const [i, process] of [one, other].entries())
      if (there[i]?.opened) await process.ask({ do: "close" });
    expect(await readdir(dirname(file))).toEqual(["experience.jsonl"]);
  }
});
