import { learnerKinds } from "../learners/index.js";

/** Told apart by most people who see colours differently (after Okabe and Ito, and Tol). */
const colors = [
  "#71717a", // static
  "#0072b2", // plain
  "#009e73", // normalized
  "#8c564b", // released
  "#b58900", // text
  "#cc79a7", // cache
  "#56b4e9", // linucb
  "#7b3294", // vw
  "#4d7c0f",
  "#1f2937",
];
/** For the learner that all is compared with. */
const ACCENT = "#d55e00";

/** The same colour for a learner in every plot, whichever others are shown. */
export function colorOf(learner: string, reference: string | undefined): string {
  if (learner === reference) return ACCENT;
  const others = learnerKinds.filter(({ name }) => name !== reference);
  return colors[others.findIndex(({ name }) => name === learner) % colors.length] ?? colors[0]!;
}
