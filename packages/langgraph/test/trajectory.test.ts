import type { Step } from "@jitrl/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Trajectory, TrajectoryState, TrajectoryUpdate } from "../src/index.js";
import { emptyTrajectoryState, MAX_ENDED, reduceTrajectory, unsentKey } from "../src/trajectory.js";

const step = (id: string, t = 0): Step => ({
  id,
  t,
  state: { features: {} },
  action: `do ${id}`,
  chosenBy: "base",
});

const run = (episodeId: string, ...steps: string[]): Trajectory => ({
  episodeId,
  at: 0,
  seen: { "": `before ${steps.join()}` },
  input: undefined,
  describedBy: "",
  steps: steps.map((id) => step(id)),
});

const ids = fc.constantFrom("A", "B", "C");
const stepIds = fc.uniqueArray(fc.constantFrom("1", "2", "3", "4", "5"), { minLength: 1 });
const someRun = fc.tuple(ids, stepIds).map(([id, steps]) => run(id, ...steps));
const ends = fc.constantFrom("done" as const, "truncated" as const, "failed" as const);

const state: fc.Arbitrary<TrajectoryState> = fc.record({
  current: fc.option(someRun),
  end: fc.option(fc.record({ end: ends, at: fc.constantFrom("x", undefined) })),
  ended: fc.array(
    fc.tuple(someRun, ends).map(([ended, end]) => ({ ...ended, end })),
    { maxLength: 3 },
  ),
  unsent: fc.uniqueArray(ids, { maxLength: 3 }).map((unsent) => unsent.map((id) => ({ id, steps: [] }))),
});

const update: fc.Arbitrary<TrajectoryUpdate> = fc.oneof(
  fc
    .record({ trajectory: someRun, was: fc.option(ids, { nil: undefined }), cut: fc.option(ends) })
    .map(({ trajectory, was, cut }) => ({
      type: "steps" as const,
      trajectory,
      ...(was === undefined ? {} : { was }),
      // A run never cuts itself off.
      ...(cut && was !== undefined && was !== trajectory.episodeId
        ? { cutOff: { was, episodeId: was, end: cut } }
        : {}),
    })),
  fc.record({ type: fc.constant("end" as const), end: ends, at: fc.constantFrom("x", undefined) }),
  fc
    .record({
      runs: fc.array(someRun, { maxLength: 2 }),
      waiting: fc.uniqueArray(ids).map((unsent) => unsent.map((id) => ({ id, steps: [] }))),
      stored: fc.nat(3),
    })
    .map(({ runs, waiting, stored }) => ({
      type: "settled" as const,
      runs: runs.map(({ episodeId, steps }) => ({ episodeId, steps: steps.map(({ id }) => id) })),
      sent: waiting.slice(0, stored).map(unsentKey),
      unsent: waiting.slice(stored),
    })),
);

/** All steps that a state holds, as `run/step`. */
const held = ({ current, ended }: TrajectoryState) =>
  [...ended, ...(current ? [current] : [])].flatMap(({ steps }) => steps.map(({ id }) => id)).sort();

describe("the reducer of the private channel", () => {
  it("changes nothing when the same update comes twice", () => {
    fc.assert(
      fc.property(state, update, (before, write) => {
        const once = reduceTrajectory(before, write);
        expect(reduceTrajectory(once, write)).toEqual(once);
      }),
    );
  });

  it("loses no step of parallel branches, whatever their order", () => {
    const branches = fc.array(stepIds, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(
        fc.option(someRun),
        fc.option(ends),
        branches,
        fc.boolean(),
        (current, failed, written, cuts) => {
          const before: TrajectoryState = { ...emptyTrajectoryState, current };
          const distinct = written.map((steps, branch) => steps.map((id) => `${branch}.${id}`));
          const writes: TrajectoryUpdate[] = distinct.map((steps) => ({
            type: "steps",
            trajectory:
              cuts || !current ? run("new", ...steps) : { ...current, steps: steps.map((id) => step(id)) },
            ...(current ? { was: current.episodeId } : {}),
            ...(cuts && current
              ? {
                  cutOff: { was: current.episodeId, episodeId: current.episodeId, end: "truncated" as const },
                }
              : {}),
          }));
          if (failed) writes.push({ type: "end", end: failed, at: undefined });
          const expected = [...(current?.steps.map(({ id }) => id) ?? []), ...distinct.flat()].sort();
          for (const order of [writes, writes.toReversed()]) {
            expect(held(order.reduce(reduceTrajectory, before))).toEqual(expected);
          }
        },
      ),
    );
  });

  it("keeps what a branch decides while the evaluator settles the rest, in either order", () => {
    fc.assert(
      fc.property(someRun, stepIds, (current, more) => {
        const before: TrajectoryState = { ...emptyTrajectoryState, current };
        const steps = more.map((id) => step(`late ${id}`, 1));
        const decided: TrajectoryUpdate = {
          type: "steps",
          trajectory: { ...current, steps },
          was: current.episodeId,
        };
        const settled: TrajectoryUpdate = {
          type: "settled",
          runs: [{ episodeId: current.episodeId, steps: current.steps.map(({ id }) => id) }],
          sent: [],
          unsent: [],
        };
        for (const order of [
          [decided, settled],
          [settled, decided],
        ]) {
          const after = order.reduce(reduceTrajectory, before);
          expect(after.current).toMatchObject({ episodeId: current.episodeId, steps });
          expect(after.ended).toEqual([]);
        }
      }),
    );
  });

  it("keeps a bounded number of runs for an evaluator that never comes", () => {
    let held: TrajectoryState = emptyTrajectoryState;
    for (let i = 0; i < MAX_ENDED + 5; i++) {
      const was = `${i - 1}`;
      held = reduceTrajectory(held, {
        type: "steps",
        trajectory: run(`${i}`, "1"),
        ...(i > 0 ? { was, cutOff: { was, episodeId: was, end: "truncated" } } : {}),
      });
    }
    expect(held.ended).toHaveLength(MAX_ENDED);
    expect(held.ended.at(-1)?.episodeId).toBe(`${MAX_ENDED + 3}`);
  });

  it("takes what is said of a run's end for the run at that time, and for no later one", () => {
    const failed: TrajectoryUpdate = { type: "end", end: "failed", at: "checkpoint" };
    const here: TrajectoryUpdate = {
      type: "steps",
      trajectory: { ...run("A", "1"), seen: { "": "checkpoint" } },
    };
    const later: TrajectoryUpdate = {
      type: "steps",
      trajectory: { ...run("A", "1"), seen: { "": "later" } },
    };
    for (const order of [
      [failed, here],
      [here, failed],
    ]) {
      expect(order.reduce(reduceTrajectory, emptyTrajectoryState).end).toMatchObject({ end: "failed" });
    }
    expect([failed, later].reduce(reduceTrajectory, emptyTrajectoryState).end).toBeNull();
  });
});
