import type { Episode } from "@jitrl/core";

/** What `file-store-process.ts` is told. */
export type StoreCommand =
  | { do: "open"; path: string; sync?: boolean }
  | { do: "close" }
  | { do: "write" | "revise" | "write-and-delete" | "fill"; name: string };

export interface Answer {
  opened?: number;
  closed?: boolean;
  code?: string;
  message?: string;
  /** Whether the file ends with a whole line. */
  whole?: boolean;
  put?: string;
  revision?: number;
  deleted?: string;
  filled?: boolean;
}

/** An episode whose content says which revision it is meant to be. */
export function bigEpisode(id: string, revision = 1, size = 10): Episode {
  return {
    id,
    revision: 1,
    at: 0,
    end: "done",
    steps: [
      {
        id: "0",
        t: 0,
        state: { features: { text: { tokens: ["late", "refund"], weight: 1 } } },
        action: "refund",
        chosenBy: "base",
        observation: `of ${id} `.repeat(Math.ceil(size / (id.length + 4))),
      },
    ],
    rewards: [],
    metadata: { written: revision },
    describedBy: "",
  };
}
