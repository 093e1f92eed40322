import type { Selector } from "@jitrl/core";

/** The one in which all workers work. */
export const NAMESPACE = "chaos";

/** How a worker reaches Redis. */
export type Route =
  | { readonly kind: "server"; readonly url: string }
  | { readonly kind: "cluster"; readonly urls: readonly string[] }
  | {
      readonly kind: "sentinel";
      readonly name: string;
      readonly roots: readonly { readonly host: string; readonly port: number }[];
    };

/** What a worker is started with. */
export interface WorkerTask {
  readonly worker: string;
  readonly seed: number;
  readonly namespace: string;
  readonly route: Route;
  /** Waits for a replica before a write counts. */
  readonly durable: boolean;
}

/** One operation of a worker. Times are ms since 1970, of the one clock of this machine. */
export type Operation =
  | {
      readonly kind: "learn";
      readonly id: string;
      readonly threadId: string;
      readonly user: string;
      readonly at: number;
    }
  | { readonly kind: "feedback"; readonly id: string; readonly rewardId: string }
  | { readonly kind: "forget"; readonly selector: Selector };

/** What a worker writes, one JSON line each, before it goes on. */
export type WorkerLine =
  | { readonly line: "ready" }
  | { readonly line: "begin"; readonly op: string; readonly operation: Operation; readonly at: number }
  | { readonly line: "end"; readonly op: string; readonly outcome: string; readonly at: number }
  | { readonly line: "gave-up"; readonly id: string }
  | { readonly line: "finished" }
  /** Number of rewards that the memory finds for each episode, null for one that it does not know. */
  | { readonly line: "held"; readonly rewards: Readonly<Record<string, number | null>> };

/** What a worker is told, one JSON line each. */
export type Order =
  | { readonly order: "finish" }
  | { readonly order: "tell"; readonly ids: readonly string[] }
  | { readonly order: "end" };
