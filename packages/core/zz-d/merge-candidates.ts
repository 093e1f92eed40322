import type { Candidate } from "./decision.js";
import { JitRLError } from "./errors.js";
import { canonicalJson } from "./json.js";
import { logSoftmax } from "./policy-update.js";
import { topOf } from "./select.js";

/**
 * Merges equal candidates, so that each action stands once: `π₀(a)` of the merged one is the sum, its logit
 * `ln Σ exp z`.
 *
 * @throws JitRLError `invalid-candidates` for an empty list, a logit that is not finite, or one action with two payloads
 */
export function mergeCandidates(candidates: readonly Candidate[]): Candidate[] {
  if (!Array.isArray(candidates) || candidates.length === 0) {
    throw new JitRLError("invalid-candidates", "Expected at least one candidate, found none.");
  }
  const groups = new Map<string, Candidate[]>();
  candidates.forEach((candidate, i) => {
    if (typeof candidate?.action !== "string" || candidate.action === "") {
      throw new JitRLError(
        "invalid-candidates",
        `Expected candidates[${i}].action to be a string that is not empty, found ${String(candidate?.action)}.`,
      );
    }
    if (!Number.isFinite(candidate.logit)) {
      throw new JitRLError(
        "invalid-candidates",
        `Expected candidates[${i}].logit ("${candidate.action}") to be a finite number, found ${candidate.logit}.`,
      );
    }
    const group = groups.get(candidate.action);
    if (!group) groups.set(candidate.action, [candidate]);
    else if (payloadOf(group[0]!) === payloadOf(candidate)) group.push(candidate);
    else {
      throw new JitRLError(
        "invalid-candidates",
        `Expected one payload for the action "${candidate.action}", found two. Give different calls different actions.`,
        { details: { action: candidate.action } },
      );
    }
  });
  return [...groups.values()].map((group) => {
    if (group.length === 1) return group[0]!;
    const logits = group.map(({ logit }) => logit);
    const [top] = topOf(logits, [...logits.keys()]);
    return { ...group[0]!, logit: Math.min(Number.MAX_VALUE, logits[top!]! - logSoftmax(logits)[top!]!) };
  });
}

function payloadOf({ payload }: Candidate): string {
  return payload === undefined ? "" : canonicalJson(payload, "payload");
}
