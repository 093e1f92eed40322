/** Thrown by a kind of learner that cannot run here: reported as skipped with this reason, never as a result. */
export class LearnerUnavailable extends Error {
  override readonly name = "LearnerUnavailable";
}
