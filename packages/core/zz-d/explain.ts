import { STRENGTH } from "./adaptive-estimate.js";
import type { Bar, DecidedCandidate, Decision, DecisionReason, DecisionSettings } from "./decision.js";

const standing: Record<Exclude<DecisionReason, "learned">, string> = {
  "no-evidence": "No past state is similar enough",
  "too-little-evidence": "There is too little evidence",
  loading: "The memory is still loading",
  "over-budget": "The search took more than its budget",
  "memory-failed": "The memory failed",
  off: "Learning is off",
  "mode-failed": "The function that gives the mode failed, so learning is off",
  guarded: "The guard leaves nothing else",
  "guard-failed": "The guard failed",
};

/** How candidates that could not be chosen are marked. */
const MARKS: Record<Bar, string> = { guard: "g", evidence: "e", budget: "x" };

/** Most candidates that are listed. */
const LISTED = 8;

/** Of the 80 that a screen has, so that a text may stand indented. */
const COLUMNS = 78;
/** Columns that names of actions may take in the table and in the evidence. */
const WIDTH = 28;

/**
 * A decision as a few lines of text that a person reads: what was chosen and why, what it was chosen from, and what
 * the choice rests on. Every line fits into 78 columns where the names of actions do.
 */
export function explain(decision: Decision): string {
  const { chosen, candidates, evidence, reason, settings } = decision;
  const lines: string[] = [];
  if (reason !== "learned") {
    lines.push(...wrapped(`${chosen.action}: the base action stands.`), `${standing[reason]}.`);
  } else {
    const verdict = verdictOf(decision);
    lines.push(
      ...wrapped(decision.mode === "shadow" ? `(shadow: ${chosen.action} was executed) ${verdict}` : verdict),
    );
    const similarities = evidence.map(({ similarity }) => similarity);
    lines.push(
      ...wrapped(
        `It rests on ${evidence.length} past step${evidence.length === 1 ? "" : "s"} in ` +
          `${new Set(evidence.map(({ episodeId }) => episodeId)).size} episode(s), similarity ` +
          `${fixed(Math.min(...similarities))} to ${fixed(Math.max(...similarities))}.`,
      ),
      ...wrapped(`State value V = ${fixed(decision.value ?? 0)}${meaningOfValue(settings)}.`),
      ...scaleOfReturns(decision),
    );
  }
  lines.push("");
  const ranked = [...candidates].sort((a, b) => b.updatedLogit - a.updatedLogit);
  // The chosen one is listed wherever it ranks.
  const own = ranked.findIndex(({ action }) => action === chosen.action);
  const shown = own < LISTED ? ranked.slice(0, LISTED) : [...ranked.slice(0, LISTED - 1), ranked[own]!];
  const width = Math.min(WIDTH, Math.max(...shown.map(({ action }) => action.length), 6));
  lines.push(`  ${"action".padEnd(width)}  steps       Q       A   before    after`);
  for (const candidate of shown) {
    const { action, barred } = candidate;
    const mark = action === chosen.action ? ">" : barred ? MARKS[barred] : " ";
    lines.push(
      `${mark} ${shorten(candidate.action, width).padEnd(width)}  ${String(candidate.count).padStart(5)}  ` +
        `${(candidate.q === undefined ? "-" : fixed(candidate.q)).padStart(6)}  ${signed(candidate.advantage).padStart(6)}  ` +
        `${percent(candidate.baseProbability)}   ${percent(candidate.probability)}`,
    );
  }
  for (const barred of ["guard", "evidence", "budget"] as const) {
    if (shown.some((one) => one.barred === barred))
      lines.push(`${MARKS[barred]}: ${legend(barred, settings)}`);
  }
  if (candidates.length > LISTED) lines.push(`  ... and ${candidates.length - LISTED} more`);
  lines.push(...triedBefore(shown, settings));
  if (reason === "learned") {
    lines.push(
      "",
      ...wrapped(
        `after = softmax(z + ${fixed(decision.beta)} A)${meaningOfAdvantage(settings)}; ` +
          `selected ${settings.selection}, propensity ${fixed(decision.propensity)}.`,
      ),
    );
    const compared = [...new Set([chosen.action, decision.preferredAction, decision.baseAction])];
    for (const action of compared) {
      const steps = evidence.filter((step) => step.action === action).sort((a, b) => b.order - a.order);
      const [newest] = steps;
      if (!newest) continue;
      const returns = steps.slice(0, 8).map((step) => signed(step.return));
      lines.push(
        ...wrapped(
          `${shorten(action, WIDTH)}, the newest first: ${returns.join(" ")}${steps.length > 8 ? " ..." : ""}`,
        ),
        `  last: episode ${newest.episodeId}, step ${newest.step} (${fixed(newest.similarity)})`,
      );
    }
  }
  return lines.join("\n");
}

/** What this run did before in the very same state, where that has a part in the numbers. */
function triedBefore(shown: readonly DecidedCandidate[], { estimator }: DecisionSettings): string[] {
  const before = shown.filter(({ tried }) => tried > 0);
  if (estimator !== "adaptive" || before.length === 0) return [];
  const times = before.map(({ action, tried }) => `${shorten(action, WIDTH)} ${tried}x`);
  return ["", ...wrapped(`In this very state this run has already tried ${times.join(", ")}.`)];
}

/** Nothing is said of an estimator of somebody's own. */
function meaningOfValue({ estimator }: DecisionSettings): string {
  if (estimator === "adaptive") return ", the mean of their returns, weighed by likeness, age and origin";
  return estimator === "plain" || estimator === "normalized" ? ", the mean of their returns" : "";
}

function meaningOfAdvantage({ estimator, explorationBonus }: DecisionSettings): string {
  if (estimator === "plain") return ", A = Q - V";
  if (estimator === "normalized") return ", A = Q - V, scaled to 1";
  if (estimator !== "adaptive") return "";
  const lead = `${STRENGTH} (Q - V)`;
  return `, A = ${explorationBonus > 0 ? `(${lead} + ${explorationBonus} E)` : lead} / scale`;
}

/** What the adaptive estimate is measured by. */
function scaleOfReturns({ returns, settings }: Decision): string[] {
  if (settings.estimator !== "adaptive" || !returns) return [];
  const { count, mean, spread, highest, departures } = returns;
  if (spread === 0) return [`Scale: the size of the returns, which are all ${fixed(mean)}.`];
  const scale = `Scale: the spread of all ${count} returns, ${fixed(spread)}; their mean is ${fixed(mean)}, the highest ${fixed(highest)}.`;
  if (!departures) return wrapped(scale);
  const { kept, left } = departures;
  const record =
    `So far, leaving the base action brought ${fixed(left.mean)} (mean of ${left.count}), ` +
    `keeping to it ${fixed(kept.mean)} (mean of ${kept.count}).`;
  return [...wrapped(scale), ...wrapped(record)];
}

/** Why this action, of those that experience speaks for or against. */
function verdictOf(decision: Decision): string {
  const { preferredAction: preferred, baseAction, candidates, settings, draws } = decision;
  if (settings.selection === "sample") {
    const others = candidates.filter(({ action }) => action !== baseAction);
    return others.length > 0 && others.every(({ barred }) => barred !== undefined)
      ? `${preferred}: the base action stands, since nothing else can be chosen.`
      : `${preferred}: drawn from the updated policy.`;
  }
  const epsilon = draws.findLast(({ purpose }) => purpose === "epsilon");
  if (epsilon && epsilon.value < settings.epsilon) return `${preferred}: drawn at random, to explore.`;
  const top = candidates.reduce((best, candidate) =>
    candidate.updatedLogit > best.updatedLogit ? candidate : best,
  );
  const updated = candidates.find(({ action }) => action === preferred)?.updatedLogit ?? top.updatedLogit;
  if (top.updatedLogit - updated > 1e-9 * Math.max(1, Math.abs(top.updatedLogit)))
    return `${preferred}: experience speaks for ${top.action}, but ${obstacle(top.barred)}.`;
  if (preferred !== baseAction) {
    return `${preferred} instead of ${baseAction}: ${merit(decision)}.`;
  }
  const base = candidates.find(({ action }) => action === baseAction) ?? top;
  const better = candidates.reduce((best, one) => (one.advantage > best.advantage ? one : best), base);
  const gain = decision.beta * (better.advantage - base.advantage);
  return gain > 1e-9
    ? `${preferred}: experience leans towards ${better.action} (${signed(gain)} in logits), but not as far as ` +
        `the base policy leans towards ${baseAction} (${signed(base.logit - better.logit)}).`
    : `${preferred}: experience agrees with the base action.`;
}

/** What the preferred action has over the base action. */
function merit({ preferredAction, baseAction, candidates }: Decision): string {
  const preferred = candidates.find(({ action }) => action === preferredAction);
  const base = candidates.find(({ action }) => action === baseAction);
  if (!preferred || preferred.count === 0) return "it is not tried here yet, and promises more";
  return (preferred.q ?? 0) >= (base?.q ?? 0)
    ? "experience speaks for it"
    : "it is worth less so far, but less is known of it or of what comes after it";
}

function obstacle(barred: Bar | undefined): string {
  if (barred === "guard") return "the guard bars it";
  return barred === "evidence" ? "too little of it" : "that is beyond the KL budget";
}

function legend(barred: Bar, { klBudget, minActionEvidence }: DecisionSettings): string {
  if (barred === "guard") return "barred by the guard";
  if (barred === "evidence") return `taken in fewer than ${minActionEvidence} past steps, and so not chosen`;
  return `beyond the KL budget of ${fixed(klBudget ?? 0)} nats, and so not executed`;
}

/** A sentence as lines, broken at spaces. */
function wrapped(sentence: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of sentence.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > COLUMNS) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
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

/** Cut in the middle: keys of actions often differ only at their end. */
function shorten(action: string, width: number): string {
  const text = action.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ");
  if (text.length <= width) return text;
  const head = Math.floor((width - 3) / 2);
  return `${text.slice(0, head)}...${text.slice(text.length - (width - 3 - head))}`;
}
