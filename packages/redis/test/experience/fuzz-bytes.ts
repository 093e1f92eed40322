import { type Random, seededRandom } from "@jitrl/core";
import { decodeEpisode, encodeEpisode, Unreadable } from "../../src/experience/episode-codec.js";
import { episode } from "./episodes.js";

export interface ByteReport {
  readonly mutations: number;
  /** Set aside. */
  readonly unreadable: number;
  /** Read as what it was: the bytes did not change, or only in the revision, which no digest covers. */
  readonly unchanged: number;
  /** Read as something else: there must be none. */
  readonly altered: number;
}

/** Mutates stored entries at random, and reads them. @throws whatever a reader throws that is not `Unreadable` */
export function fuzzBytes(count: number, seed: number): ByteReport {
  const random = seededRandom(seed);
  const encoded = encodeEpisode(
    episode("an episode", {
      threadId: "a thread",
      metadata: { user: "u", plan: 3, beta: true },
      rewards: [{ id: "r", value: 0.5, source: "human", at: 1 }],
    }),
  );
  const head = `{"v":0,"r":12,"s":34,"h":"${encoded.digest}",${encoded.head}`;
  const whole = [encoded.member, head, encoded.rest] as const;
  const before = content(decodeEpisode(encoded.member, "34", head, encoded.rest));
  const report = { mutations: count, unreadable: 0, unchanged: 0, altered: 0 };
  for (let i = 0; i < count; i++) {
    const which = random() < 0.5 ? 1 : 2;
    const mutated = mutateText(whole[which], random);
    try {
      const read = decodeEpisode(
        whole[0],
        "34",
        which === 1 ? mutated : head,
        which === 2 ? mutated : encoded.rest,
      );
      if (content(read) === before) report.unchanged++;
      else report.altered++;
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      report.unreadable++;
    }
  }
  return report;
}

function content(read: object): string {
  return JSON.stringify({ ...read, revision: 0 });
}

const fragments = [
  "",
  "{",
  "}",
  '"',
  "\\",
  "null",
  "[]",
  "1e999",
  "-1",
  "\u0000",
  "é",
  '{"v":1,',
  "__proto__",
];

/** As bytes come back from Redis: what is not UTF-8 any more arrives as replacement characters. */
function mutateText(text: string, random: Random): string {
  return mutate(Buffer.from(text), random).toString();
}

/** Another sequence of bytes, or by chance the same. */
export function mutate(before: Buffer, random: Random): Buffer {
  const bytes = Buffer.from(before);
  const at = Math.floor(random() * bytes.length);
  const other = Math.floor(random() * bytes.length);
  switch (Math.floor(random() * 6)) {
    case 0:
      bytes[at] = Math.floor(random() * 256);
      return bytes;
    case 1:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8));
      return bytes;
    case 2:
      return bytes.subarray(0, at);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(other)]);
    case 4: {
      const fragment = fragments[Math.floor(random() * fragments.length)] ?? "";
      return Buffer.concat([bytes.subarray(0, at), Buffer.from(fragment), bytes.subarray(at)]);
    }
    default: {
      const digit = Buffer.from(String(Math.floor(random() * 10)));
      return Buffer.concat([bytes.subarray(0, at), digit, bytes.subarray(at + 1)]);
    }
  }
}
