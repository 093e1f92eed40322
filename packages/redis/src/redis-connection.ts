import type { ScriptRunner } from "./script.js";

/** A connection that carries out scripts, and tells how many replicas have what was written on it. */
export interface Connected extends ScriptRunner {
  wait(replicas: number, timeout: number): Promise<unknown>;
  on(event: string, listener: (error: Error) => void): unknown;
}

/** What the experience uses of a client, a cluster or a sentinel of node-redis 6. */
export interface RedisConnection extends Connected {
  readonly isOpen: boolean;
  readonly isReady: boolean;
  xRead(stream: { key: string; id: string }, options: { BLOCK: number; COUNT: number }): Promise<unknown>;
  connect(): Promise<unknown>;
  destroy(): unknown;
  /** A connection of its own with the same settings. */
  duplicate(overrides: TwinSettings): RedisConnection;
  /** Of a cluster: the nodes that it knows. */
  readonly masters?: readonly { readonly host: string; readonly port: number }[];
  /** Of a cluster: the connection to the node that has a key. */
  getNodeClientForKey?(key: string): Promise<Connected>;
}

/** What a duplicate has otherwise than its original. */
export interface TwinSettings {
  readonly commandOptions: { readonly timeout: undefined };
  /** Of a cluster: connects to a node when it is needed, so that one that is away holds up no other. */
  readonly minimizeConnections: true;
  /** Of a cluster: where to look for it. */
  readonly rootNodes?: { readonly socket: { readonly host: string; readonly port: number } }[];
}
