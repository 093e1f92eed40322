import { existsSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import * as z from "zod";
import { root, workspacePackages } from "../package/workspace.js";

const scripts = z.object({ scripts: z.record(z.string(), z.string()).default({}) });

/**
 * What is wrong with the commands of a shell block, as far as they are ours: scripts of npm, files that Node runs,
 * folders that they go to, packages of this workspace that they install.
 *
 * @param folder where they start
 */
export function commandFaults(shell: string, folder: string = root): string[] {
  const faults: string[] = [];
  const lines = shell.replace(/\\\n\s*/g, " ").split("\n");
  let at = folder;
  let cloned = false;
  for (const command of lines.flatMap((line) => line.replace(/(^|\s)#.*$/, "").split(/&&|\|\||[;|]/))) {
    const [program, ...args] = words(command);
    if (program === "git" && args[0] === "clone") cloned = true;
    else if (program === "cd" && args[0]) {
      const target = resolve(at, args[0]);
      if (existsSync(target) && statSync(target).isDirectory()) at = target;
      // The folder of a fresh clone is this one.
      else if (!cloned) faults.push(`cd ${args[0]}: there is no such folder`);
    } else if (program === "npm") faults.push(...npmFaults(args, at));
    else if (program === "node") faults.push(...nodeFaults(args, at));
    else if (
      program !== undefined &&
      /^\.{0,2}\/|^\.ci\//.test(program) &&
      !existsSync(resolve(at, program))
    ) {
      faults.push(`${program}: there is no such file`);
    }
  }
  return faults;
}

function npmFaults(args: readonly string[], folder: string): string[] {
  const [verb, ...rest] = args.filter((word) => word !== "-s" && word !== "--silent");
  if (verb === "test" || verb === "t") return scriptFaults("test", folder);
  if (verb === "start") return scriptFaults("start", folder);
  if (verb === "run" || verb === "run-script") {
    const name = rest.find((word) => !word.startsWith("-"));
    return name ? scriptFaults(name, folder) : ["npm run: names no script"];
  }
  const known = workspacePackages().map(({ manifest }) => manifest.name);
  return rest
    .filter((word) => word.startsWith("@jitrl/"))
    .map((word) => word.replace(/(.)@.*$/, "$1"))
    .filter((name) => !known.includes(name))
    .map((name) => `npm ${verb}: there is no package ${name}`);
}

function scriptFaults(name: string, folder: string): string[] {
  const path = join(folder, "package.json");
  if (!existsSync(path)) return [`npm run ${name}: there is no package.json in ${folder}`];
  const script = scripts.parse(JSON.parse(readFileSync(path, "utf8"))).scripts[name];
  if (script === undefined) return [`npm run ${name}: there is no such script`];
  const [program, ...args] = words(script);
  return program === "node" ? nodeFaults(args, folder).map((fault) => `npm run ${name}: ${fault}`) : [];
}

/** The file that Node is to run and, where it is our runner, the file that this one is to run. */
function nodeFaults(args: readonly string[], folder: string): string[] {
  const first = args.findIndex(
    (word, i) => !word.startsWith("-") && !/^(?:--import|--require|-r)$/.test(args[i - 1] ?? ""),
  );
  const file = args[first];
  if (file === undefined || args.some((word) => /^(?:-e|--eval|-p|--print)$/.test(word))) return [];
  if (!existsSync(resolve(folder, file))) return [`node ${file}: there is no such file`];
  const runs = args[first + 1];
  if (!file.endsWith("scripts/run.mjs") || runs === undefined || runs.startsWith("-")) return [];
  return existsSync(resolve(root, runs)) ? [] : [`node ${file} ${runs}: there is no such file`];
}

/** The words of a command, without a prompt and without variables set for it. */
function words(command: string): string[] {
  const all = command.trim().split(/\s+/).filter(Boolean);
  if (all[0] === "$") all.shift();
  while (/^\w+=/.test(all[0] ?? "")) all.shift();
  return all;
}
