import type { Decision, DecisionReason } from "./decision.js";

const standing: Record<Exclude<DecisionReason, "learned">, string> = {
  "no-evidence": "No past state is similar enough",
  "too-little-evidence": "There is too little evidence",
  loading: "The memory is still loading",
  "over-budget": "The search took more than its budget",
  "memory-failed": "The memory failed",
  off: "Learning is off",
};

/** Most candidates that are listed. */
const LISTED = 8;

/**
 * A decision as a few lines of text that a person reads: what was chosen and why, what it was chosen from, and what
 * the choice rests on. Every line fits into 80 columns where the names of actions do.
 */
export function explain(decision: Decision): string {
  const { chosen, baseAction, candidates, evidence, reason, settings } = decision;
  const lines: string[] = [];
  if (reason !== "learned") {
    lines.push(`${chosen.action}: the base action stands.`, `${standing[reason]}.`);
  } else {
    const preferred = decision.preferredAction;
    const verdict =
      preferred === baseAction
        ? `${preferred}: experience agrees with the base action.`
        : `${preferred} instead of ${baseAction}: experience speaks for it.`;
    lines.push(decision.mode === "shadow" ? `(shadow: ${chosen.action} was executed) ${verdict}` : verdict);
    const similarities = evidence.map(({ similarity }) => similarity);
    lines.push(
      `It rests on ${evidence.length} past step${evidence.length === 1 ? "" : "s"} in ` +
        `${new Set(evidence.map(({ episodeId }) => episodeId)).size} episode(s), similarity ` +
        `${fixed(Math.min(...similarities))} to ${fixed(Math.max(...similarities))}.`,
      `State value V = ${fixed(decision.value ?? 0)}, the mean of their returns.`,
    );
  }
  lines.push("");
  const shown = [...candidates].sort((a, b) => b.updatedLogit - a.updatedLogit).slice(0, LISTED);
  const width = Math.min(34, Math.max(...shown.map(({ action }) => action.length), 6));
  lines.push(`  ${"action".padEnd(width)}  steps       Q       A   before    after`);
  for (const candidate of shown) {
    const mark = candidate.action === chosen.action ? ">" : " ";
    lines.push(
      `${mark} ${shorten(candidate.action, width).padEnd(width)}  ${String(candidate.count).padStart(5)}  ` +
        `${(candidate.q === undefined ? "-" : fixed(candidate.q)).padStart(6)}  ${signed(candidate.advantage).padStart(6)}  ` +
        `${percent(candidate.baseProbability)}   ${percent(candidate.probability)}`,
    );
  }
  if (candidates.length > LISTED) lines.push(`  ... and ${candidates.length - LISTED} more`);
  if (reason === "learned") {
    lines.push(
      "",
      `after = softmax(z + ${fixed(decision.beta)} A), A = Q - V${settings.estimator === "normalized" ? ", scaled to 1" : ""}; selected ${settings.selection}, ` +
        `propensity ${fixed(decision.propensity)}.`,
    );
    const best = [...evidence].sort((a, b) => b.return - a.return || b.order - a.order);
    for (const step of best.slice(0, 3)) {
      lines.push(
        `  ${shorten(step.action, 34)} returned ${signed(step.return)} in ${step.episodeId.slice(-12)}, step ${step.step} (${fixed(step.similarity)})`,
      );
    }
  }
  return lines.join("\n");
}

function fixed(x: number): string {
  return Math.abs(x) >= 1e4 ? x.toExponential(1) : x.toFixed(2);
}

function signed(x: number): string {
  return x > 0 ? `+${fixed(x)}` : fixed(x);
}

function percent(p: number): string {
  return `${(100 * p).toFixed(1).padStart(5)} %`;
}

function shorten(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 3)}...`;
}
