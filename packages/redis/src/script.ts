import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** What a script needs of a client, a cluster or a sentinel of node-redis 6. */
export interface ScriptRunner {
  evalSha(sha: string, options: ScriptInput): Promise<unknown>;
  eval(source: string, options: ScriptInput): Promise<unknown>;
}

interface ScriptInput {
  keys: string[];
  arguments: (string | Buffer)[];
}

/** A Lua script of the folder `lua`, beside this file. Its header says what it takes and gives. */
export class Script {
  readonly source: string;
  readonly #sha: string;

  /** @param name the file's name without `.lua`; a line `--- @include other` in it stands for the file `other.lua` */
  constructor(name: string) {
    this.source = read(name).replace(/^--- @include ([\w-]+)$/gm, (_, included: string) => read(included));
    this.#sha = createHash("sha1").update(this.source).digest("hex");
  }

  /** All keys have to be in one slot. */
  async run(
    client: ScriptRunner,
    keys: readonly string[],
    values: readonly (string | Buffer)[],
  ): Promise<unknown> {
    const input = { keys: [...keys], arguments: [...values] };
    try {
      return await client.evalSha(this.#sha, input);
    } catch (error) {
      // The server does not know the script yet, or no longer: after a restart, a failover, SCRIPT FLUSH.
      if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
      return client.eval(this.source, input);
    }
  }
}

function read(name: string): string {
  return readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), "utf8");
}
