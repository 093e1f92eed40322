/** Steps that are shown together: from the first one to the one before `to`. */
export interface JudgeWindow {
  readonly from: number;
  readonly to: number;
}

/**
 * Cuts a run into windows of steps that fit a budget. Each begins with the last steps of the one before, as far as
 * there is room for them beside at least one more step, so that every step is seen both with what led to it and with
 * what it led to.
 *
 * @param sizes one a step, each at most `budget`
 * @param overlap steps that two windows share, an integer ≥ 0
 */
export function judgeWindows(sizes: readonly number[], budget: number, overlap: number): JudgeWindow[] {
  const windows: JudgeWindow[] = [];
  for (let done = 0; done < sizes.length; ) {
    let from = done;
    let size = sizes[done]!;
    const earliest = Math.max(0, done - overlap, (windows.at(-1)?.from ?? -1) + 1);
    while (from > earliest && size + sizes[from - 1]! <= budget) size += sizes[--from]!;
    let to = done + 1;
    while (to < sizes.length && size + sizes[to]! <= budget) size += sizes[to++]!;
    windows.push({ from, to });
    done = to;
  }
  return windows;
}
