import type { Random } from "@jitrl/core";

export const teams = ["billing", "repairs", "logistics", "safety", "sales"] as const;
export type Team = (typeof teams)[number];

export interface Ticket {
  readonly text: string;
  /** Where the company wants it: known to whoever gives feedback, never to the agent. */
  readonly team: Team;
}

/** What customers write about, in three wordings each, and the team that the company has for it. */
const topics: readonly (readonly [team: Team, wordings: readonly string[]])[] = [
  ["billing", ["charged twice on my card", "my card was charged twice again", "two charges on the card"]],
  [
    "billing",
    [
      "the invoice lacks our tax number",
      "invoice without tax number",
      "tax number on the invoice is missing",
    ],
  ],
  ["repairs", ["one leg wobbles badly", "it wobbles on one leg", "the leg is loose and wobbles"]],
  [
    "repairs",
    ["drawer jams when opened", "the drawer jams half open", "cannot open the drawer since it jams"],
  ],
  [
    "logistics",
    [
      "parcel says delivered but nothing came",
      "nothing came though delivered they say",
      "delivered to whom since nothing came",
    ],
  ],
  [
    "logistics",
    ["a box of two is missing", "only one box came of two", "second box missing from the delivery"],
  ],
  [
    "safety",
    ["the lamp smells burnt after minutes", "burnt smell from the lamp", "lamp gets hot and smells burnt"],
  ],
  [
    "safety",
    [
      "a screw came off and my child found it",
      "my child had a loose screw in hand",
      "loose screw near the child bed",
    ],
  ],
  ["sales", ["do you have it in green", "is there a green one too", "would like a green one instead"]],
  [
    "sales",
    ["a discount for forty chairs", "forty chairs for our office any discount", "discount if we take forty"],
  ],
];
const things = ["desk", "shelf", "chair", "lamp", "bed", "cupboard", "stool", "table"];

export function randomTicket(random: Random): Ticket {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
  const [team, wordings] = pick(topics);
  return { text: `${pick(things)}: ${pick(wordings)}`, team };
}
