import type { ScriptRunner } from "./script.js";

/** What the experience uses of a client, a cluster or a sentinel of node-redis 6. */
export interface RedisConnection extends ScriptRunner {
  readonly isOpen: boolean;
  readonly isReady: boolean;
  xRead(stream: { key: string; id: string }, options: { BLOCK: number; COUNT: number }): Promise<unknown>;
  wait(replicas: number, timeout: number): Promise<unknown>;
  connect(): Promise<unknown>;
  destroy(): unknown;
  on(event: string, listener: (error: Error) => void): unknown;
  /** A connection of its own with the same settings. */
  duplicate(overrides: { commandOptions: { timeout: undefined } }): RedisConnection;
}
