/** A text of at most `most` characters, at least 40: of a longer one the middle is left out, and it says so. */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  const mark = ` […${text.length - most} characters and more left out…] `;
  const kept = Math.max(0, most - mark.length);
  const head = Math.ceil(kept / 2);
  // Half a surrogate pair is no text.
  return `${text.slice(0, head)}${mark}${text.slice(text.length - (kept - head))}`.replace(
    /\p{Surrogate}/gu,
    "\u{fffd}",
  );
}
