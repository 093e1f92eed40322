import { JitRLError } from "@jitrl/core";

/** The JitRLError that a call throws; fails if it throws anything else or nothing. */
export function thrown(call: () => unknown): JitRLError {
  try {
    call();
  } catch (error) {
    if (error instanceof JitRLError) return error;
    throw new Error("Expected a JitRLError, found another error.", { cause: error });
  }
  throw new Error("Expected a JitRLError, found none.");
}

/** The JitRLError that a promise is rejected with; fails if it is rejected with anything else or resolves. */
export async function rejected(promise: Promise<unknown>): Promise<JitRLError> {
  const outcome = await promise.then(
    () => "no error",
    (error: unknown) => error,
  );
  return thrown(() => {
    if (outcome !== "no error") throw outcome;
  });
}
