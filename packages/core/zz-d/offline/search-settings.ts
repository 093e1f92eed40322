import { invalid } from "../check.js";
import { difference } from "./estimates.js";
import { checkedOptions, type OfflineOptions } from "./evaluate-offline.js";
import { evaluateSteps } from "./evaluated-step.js";
import { judge, type Verdict } from "./judge.js";
import { countReasons, type Episodes, readLog, type SetAside } from "./log.js";
import { setAsideRefusals } from "./refusal.js";
import { type Sample, stepSamples } from "./samples.js";
import type { TargetSettings } from "./target.js";
import type { ValueEstimate } from "./value-estimate.js";

/** The values to try of each setting: every combination of them is. */
export type SettingsGrid = {
  readonly [Name in keyof TargetSettings]?: readonly NonNullable<TargetSettings[Name]>[];
};

export interface SettingsSearchOptions
  extends Pick<OfflineOptions, "gamma" | "minEffectiveEpisodes" | "maxUnsupported"> {
  /** What a combination has to beat, and what it is an addition to. @default {}: the defaults of `createPolicy` */
  baseline?: TargetSettings;
  /** Share of the episodes, the latest, that the best combination has to prove itself on, in (0, 1). @default 0.5 */
  heldOut?: number;
}

/** One combination, as the episodes say that it was chosen by. */
export interface SearchedSettings {
  /** What differs from the baseline. */
  readonly settings: TargetSettings;
  readonly verdict: Verdict;
  /** Doubly robust value less that of the baseline, step by step; `undefined` where one of the two was refused. */
  readonly difference: ValueEstimate | undefined;
}

export interface SettingsSearch {
  /** The best combination, if it beats the baseline on the held-out episodes, else `{}`: keep the baseline. */
  readonly recommended: TargetSettings;
  /** Whether a combination beat the baseline; `cannot-tell` where the logs allow no comparison. */
  readonly outcome: "better" | "not-better" | "cannot-tell";
  /** Why, in a sentence. */
  readonly reason: string;
  /** The combinations, the best of the first episodes first, those that were refused last. */
  readonly tried: readonly SearchedSettings[];
  /** The baseline on the first episodes. */
  readonly baseline: Verdict;
  /** The best combination and the baseline on the held-out episodes. */
  readonly heldOut:
    | { readonly best: Verdict; readonly baseline: Verdict; readonly difference: ValueEstimate | undefined }
    | undefined;
}

/** Most combinations of one search. */
const MOST_COMBINATIONS = 500;

/**
 * Tries settings on logs: chooses the best combination of a grid by the doubly robust value on the earlier episodes,
 * and recommends it only if it beats the baseline on the later ones, which had no part in the choice: the 95 % interval
 * of the difference, step by step, lies above 0. Each decides with a memory of the episodes before the step.
 *
 * The estimand is that of `evaluateOffline` with `per: "step"`, which cannot show what exploring is worth. So all
 * decide without the exploration bonus, unless they name `explorationBonus`.
 *
 * @throws JitRLError `invalid-input` for an empty or enormous grid, options and settings out of their range, and
 * episodes that are none
 */
export async function searchSettings(
  episodes: Episodes,
  grid: SettingsGrid,
  options: SettingsSearchOptions = {},
): Promise<SettingsSearch> {
  const { baseline = {}, heldOut = 0.5 } = options;
  if (!(heldOut > 0 && heldOut < 1)) throw invalid("heldOut", "above 0 and below 1", heldOut);
  const checked = checkedOptions(options);
  const combinations = combinationsOf(grid);
  const log = await readLog(episodes, checked.gamma);
  const later = log.length - Math.round(heldOut * log.length);

  const all = [baseline, ...combinations.map((settings) => ({ ...baseline, ...settings }))];
  const targets = all.map((settings) => ({ explorationBonus: 0, ...settings }));
  const first = all.map((): Sample[] => []);
  const second = all.map((): Sample[] => []);
  await evaluateSteps(log, targets, { ...checked, memory: "progressive" }, (episode, target, place) => {
    (place < later ? first : second)[target]!.push(...stepSamples([episode]));
  });
  const judged = (part: Sample[][], from: number, to: number) => {
    const setAside = countReasons(log.slice(from, to).flatMap(({ steps }) => steps));
    return (target: number) => judgePart(part[target]!, setAside, checked);
  };
  const judgeFirst = judged(first, 0, later);
  const judgeSecond = judged(second, later, log.length);

  const own = judgeFirst(0);
  const tried = combinations
    .map((settings, c) => {
      const verdict = judgeFirst(c + 1);
      const comparable = verdict.status === "estimated" && own.status === "estimated";
      return {
        target: c + 1,
        searched: {
          settings,
          verdict,
          difference: comparable ? difference(first[c + 1]!, first[0]!) : undefined,
        },
      };
    })
    .sort((a, b) => doublyRobust(b.searched) - doublyRobust(a.searched));
  const best = tried[0];
  const common = { tried: tried.map(({ searched }) => searched), baseline: own };
  if (own.status === "refused" || !best || best.searched.verdict.status === "refused") {
    const refused = own.status === "refused" ? own : best?.searched.verdict;
    const why = `On the first ${later} episodes ${own.status === "refused" ? "the baseline" : "no combination"} can be valued`;
    return keep("cannot-tell", `${why}${messageOf(refused)}`, common);
  }
  const proof = { best: judgeSecond(best.target), baseline: judgeSecond(0), difference: undefined };
  if (proof.best.status === "refused" || proof.baseline.status === "refused") {
    const refused = proof.baseline.status === "refused" ? proof.baseline : proof.best;
    const why = `On the ${log.length - later} held-out episodes the comparison cannot be made`;
    return keep("cannot-tell", `${why}${messageOf(refused)}`, common, proof);
  }
  const gain = difference(second[best.target]!, second[0]!);
  const told = `${gain.value.toFixed(3)} a step, 95 % interval ${gain.low.toFixed(3)} to ${gain.high.toFixed(3)}`;
  const name = JSON.stringify(best.searched.settings);
  if (!(gain.low > 0)) {
    const reason = `The best of ${combinations.length} combinations, ${name}, does not beat the baseline on the held-out episodes: ${told}. Keep the baseline.`;
    return keep("not-better", reason, common, { ...proof, difference: gain });
  }
  return {
    recommended: best.searched.settings,
    outcome: "better",
    reason: `${name} beats the baseline on the held-out episodes by ${told}.`,
    ...common,
    heldOut: { ...proof, difference: gain },
  };
}

function keep(
  outcome: "not-better" | "cannot-tell",
  reason: string,
  common: Pick<SettingsSearch, "tried" | "baseline">,
  heldOut?: SettingsSearch["heldOut"],
): SettingsSearch {
  return { recommended: {}, outcome, reason, ...common, heldOut };
}

function judgePart(
  samples: readonly Sample[],
  setAside: SetAside,
  limits: Parameters<typeof judge>[2],
): Verdict {
  return judge(samples, setAside, limits, setAsideRefusals(samples.length, setAside));
}

function doublyRobust({ verdict }: SearchedSettings): number {
  return verdict.status === "estimated" ? verdict.dr.value : Number.NEGATIVE_INFINITY;
}

function messageOf(verdict: Verdict | undefined): string {
  return verdict?.status === "refused"
    ? `: ${verdict.refusals.map(({ message }) => message).join(" ")}`
    : ".";
}

/** @throws JitRLError `invalid-input` */
function combinationsOf(grid: SettingsGrid): TargetSettings[] {
  let combinations: TargetSettings[] = [{}];
  for (const [name, values] of Object.entries(grid)) {
    if (!Array.isArray(values) || values.length === 0)
      throw invalid(`grid.${name}`, "a list of values to try", values);
    combinations = combinations.flatMap((settings) =>
      values.map((value) => ({ ...settings, [name]: value })),
    );
    if (combinations.length > MOST_COMBINATIONS)
      throw invalid("grid", `at most ${MOST_COMBINATIONS} combinations`, `${combinations.length} or more`);
  }
  if (Object.keys(grid).length === 0) throw invalid("grid", "at least one setting with values", "none");
  return combinations;
}
