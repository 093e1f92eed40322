import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const PACKAGES = ["SetSimilaritySearch==1.0.1", "datasketch==2.0.0"];

export interface PythonTask {
  readonly sets: readonly (readonly string[])[];
  readonly queries: readonly (readonly string[])[];
  readonly floor: number;
  readonly k: number;
}

export type PythonResult =
  | { readonly times: number[]; readonly answers: readonly (readonly number[])[] }
  | { readonly skipped: string };

/** Runs the Python peers, with their packages in a temporary folder; each is skipped where it cannot be had. */
export function runPythonPeers(task: PythonTask): Readonly<Record<string, PythonResult>> {
  const folder = mkdtempSync(join(tmpdir(), "jitrl-bench-"));
  try {
    const install = ["-m", "pip", "install", "--quiet", "--target", join(folder, "packages"), ...PACKAGES];
    const installed = spawnSync("python3", install, { encoding: "utf8", timeout: 300_000 });
    if (installed.status !== 0) return bothSkipped(reasonOf(installed));
    const file = join(folder, "task.json");
    writeFileSync(file, JSON.stringify(task));
    const script = fileURLToPath(new URL("python_peers.py", import.meta.url));
    const output = join(folder, "results.json");
    const run = spawnSync("python3", [script, file, output], {
      encoding: "utf8",
      timeout: 900_000,
      maxBuffer: 2 ** 28,
      env: { ...process.env, PYTHONPATH: join(folder, "packages") },
    });
    if (run.status !== 0) return bothSkipped(reasonOf(run));
    return JSON.parse(readFileSync(output, "utf8")) as Readonly<Record<string, PythonResult>>;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function bothSkipped(skipped: string): Record<string, PythonResult> {
  return { SetSimilaritySearch: { skipped }, datasketch: { skipped } };
}

function reasonOf({ error, stderr }: { error?: Error | undefined; stderr: string | null }): string {
  if (error) return `Python 3 cannot be run: ${error.message}`;
  return stderr?.trim().split("\n").at(-1)?.slice(0, 200) ?? "Python 3 ended without a message";
}
