/** Turns a text into the form in which it is compared and stored. */
export type NormalizeText = (text: string) => string;

const masks: readonly (readonly [RegExp, string])[] = [
  // e-mail addresses
  [
    /(?<![\p{L}\p{N}._%+-])[\p{L}\p{N}._%+-]{1,64}@[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63})+/gu,
    "<email>",
  ],
  // UUIDs
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, "<uuid>"],
  // time stamps: 2026-11-22T09:08:07.123Z, 2026-11-22 09:08, 2026-11-22, 22.11.2026, 11/22/2026, 09:08:07
  [
    /\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s?Z|[+-]\d{2}:?\d{2})?)?(?!\w)/gi,
    "<time>",
  ],
  [/\b\d{1,2}[./]\d{1,2}[./]\d{4}\b/g, "<time>"],
  [/\b\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:\s?[ap]m\b)?/gi, "<time>"],
  // telephone numbers in international form
  [/(?<![\w.])\+\d[\d ()/-]{6,}\d\b/g, "<id>"],
  // "#4711", "#A-4711", "no. 4711"
  [/#\s?[\p{L}\p{N}]*\d[\p{L}\p{N}]*(?:[-_/][\p{L}\p{N}]+)*/gu, "<id>"],
  [/\b(?:no|nr)\.\s?\d+\b/gi, "<id>"],
  // prefixed codes: ORD-12345, SKU-9F3K, inv_2024_0001
  [/\b[A-Z]{1,10}(?:-(?=[A-Za-z0-9]*\d)[A-Za-z0-9]{3,})+\b/g, "<id>"],
  [/\b[A-Za-z]{1,10}(?:_(?=[A-Za-z0-9]*\d)[A-Za-z0-9]{3,})+\b/g, "<id>"],
  // hex ids of eight and more with at least one digit and one letter, 0x… of any length
  [/\b0x[0-9a-f]+\b/gi, "<id>"],
  [/\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,}\b/gi, "<id>"],
  // letters and digits mixed, ten and more: cus_9s8f7a6b5c, req9A8b7C6d5e
  [/\b(?=\w*\d)(?=\w*[A-Za-z])\w{10,}\b/g, "<id>"],
];

const label =
  "order|ticket|invoice|case|account|customer|user|booking|reservation|shipment|tracking|reference|ref|id";
// "order 123", "ticket: 99", "order number 4711", "customer id 42"
const labelled = new RegExp(
  `\\b(${label})((?:\\s+(?:id|number|no\\.?|nr\\.?))?\\s*:?\\s+)\\d+\\b(?!\\s*(?:[%€$£]|days?\\b|items?\\b))`,
  "gi",
);
// Six digits and more without a currency, a decimal part or a unit: an id, not a quantity.
const longDigits =
  /(?<![\p{L}\p{N}.,€$£¥])(?<![€$£¥]\s)\d{6,}(?![\p{N}]|[.,]\d|\s?(?:[€$£¥%]|(?:eur|usd|gbp|days?|hours?|minutes?|seconds?|km|kg|items?|pieces?|units?)\b))/giu;

/**
 * The default {@link NormalizeText}: lower case, white space folded, and identifiers that never repeat masked
 * (UUIDs, long digit or hex ids, "#4711", "order 123", prefixed codes, e-mail addresses, time stamps), so that
 * "order #123" and "order #456" are the same situation and personal data is not stored by accident.
 * Quantities ("30 days", "€500", "3 items") stay as they are; see `buckets` for comparing them by size.
 *
 * It masks identifiers by their shape. It is no anonymiser: names and addresses in running text pass.
 */
export const normalizeText: NormalizeText = (text) => {
  let masked = text.normalize("NFKC");
  for (const [pattern, mask] of masks) masked = masked.replace(pattern, mask);
  masked = masked.replace(labelled, "$1$2<id>").replace(longDigits, "<id>");
  return masked.toLowerCase().replace(/\s+/gu, " ").trim();
};
