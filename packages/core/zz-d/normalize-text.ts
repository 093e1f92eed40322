/** Turns a text into the form in which it is compared and stored. */
export type NormalizeText = (text: string) => string;

/** What follows a number that is a quantity: such a number is kept. */
const unit =
  "\\s?(?:[%€$£¥]|(?:eur|usd|gbp|chf|euros?|dollars?|pounds?|percent|seconds?|minutes?|hours?|days?|weeks?|months?|years?|km|miles?|kg|kb|mb|gb|tb|items?|pieces?|pcs|units?|people|customers|users|rows|records)\\b)";

const month =
  "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\\.?";

const label =
  "order|ticket|invoice|case|account|customer|user|booking|reservation|shipment|tracking|reference|ref|id";

const masks: readonly (readonly [RegExp, string])[] = [
  // e-mail addresses
  [/[\p{L}\p{N}._%+-]{1,64}@[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63})+/gu, "<email>"],
  // UUIDs
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, "<uuid>"],
  // time stamps: 2026-11-22T09:08:07.123Z, 2026-11-22 09:08, 2026/11/22, 22.11.2026, 11/22/2026, 09:08:07, 9:08 pm
  [
    /\b\d{4}([-/])\d{2}\1\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s?Z|[+-]\d{2}:?\d{2})?)?(?!\w)/gi,
    "<time>",
  ],
  [/\b\d{1,2}[./]\d{1,2}[./]\d{4}\b/g, "<time>"],
  // 22 Nov 2026, November 22nd, 2026
  [new RegExp(`\\b\\d{1,2}(?:st|nd|rd|th|\\.)?\\s(?:${month})\\s\\d{4}\\b`, "gi"), "<time>"],
  [new RegExp(`\\b(?:${month})\\s\\d{1,2}(?:st|nd|rd|th)?,?\\s\\d{4}\\b`, "gi"), "<time>"],
  // … but no address with a port (10.0.0.1:80) and no scale (1:1000)
  [/(?<![\w.:])\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?!\d|:\d)(?:\s?[ap]m\b)?/gi, "<time>"],
  // "#4711", "#A-4711", "no. 4711", but neither "C# 12" nor "&#39;"
  [
    /(?<!&|(?<![\p{L}\p{N}])\p{L})#\s?(?:\p{L}{1,10}[-_/])?[\p{L}\p{N}]*\d[\p{L}\p{N}]*(?:[-_/][\p{L}\p{N}]+)*/gu,
    "<id>",
  ],
  [new RegExp(`\\b(?:no|nr)\\.\\s?\\d+\\b(?!${unit})`, "gi"), "<id>"],
  // prefixed codes: ORD-12345, SKU-9F3K, inv_2024_0001, but not SHA-256 or F-150
  [/\b[A-Z]{1,10}(?:-(?=[A-Za-z0-9]*\d)[A-Za-z0-9]{4,})+\b/g, "<id>"],
  [/\b[A-Za-z]{1,10}(?:_(?=[A-Za-z0-9]*\d)[A-Za-z0-9]{3,})+\b/g, "<id>"],
  // hex ids of eight and more with at least one digit and one letter, 0x… of any length
  [/\b0x[0-9a-f]+\b/gi, "<id>"],
  [/\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,}\b/gi, "<id>"],
  // Ten and more letters and digits that change more than once, or with a long number behind letters: req9A8b7C6d5e,
  // user12345678; but neither "PlayStation5" nor "1500000EUR" nor "1920x1080px".
  [/\b(?!\d+(?:x\d+)+[a-z]*\b)(?=[a-z_]*\d+_*[a-z][a-z_]*\d|[a-z_]*[a-z]_*\d{5})\w{10,}\b/gi, "<id>"],
  // telephone numbers: +49 30 123456, (555) 123-4567, 555-123-4567
  [/\+\d[\d ()/-]{6,}\d\b/g, "<id>"],
  [/(?:\(\d{3}\)\s?|\b\d{3}-)\d{3}-\d{4}\b/g, "<id>"],
  // "order 123", "ticket: 99", "order number 4711", "customer id 42", but not "account 30 days overdue"
  [
    new RegExp(`\\b((?:${label})(?:\\s+(?:id|number|no\\.?|nr\\.?))?\\s*:?\\s+)\\d+\\b(?!${unit})`, "gi"),
    "$1<id>",
  ],
  // six digits and more without a currency, a decimal part or a unit
  [
    new RegExp(
      `(?<![\\p{L}\\p{N}.,€$£¥])(?<!(?:[€$£¥]|\\b(?:eur|usd|gbp|chf))\\s)\\d{6,}(?!\\p{N}|[.,]\\d|${unit})[\\p{L}\\p{N}_]*`,
      "giu",
    ),
    "<id>",
  ],
];

/** Most passes over a text. */
const PASSES = 8;

/**
 * The default {@link NormalizeText}: lower case, white space folded, and identifiers that never repeat masked
 * (UUIDs, long digit or hex ids, "#4711", "order 123", prefixed codes, e-mail addresses, time stamps), so that
 * "order #123" and "order #456" are the same situation and personal data is not stored by accident.
 * Quantities ("30 days", "€500", "3 items") stay as they are; see `buckets` for comparing them by size.
 *
 * It masks identifiers by their shape. It is no anonymiser: names and addresses in running text pass.
 */
export const normalizeText: NormalizeText = (text) => {
  // White space is folded first: the masks allow for one space, and long runs of it would cost them quadratic time.
  // Capital letters whose small form would look different to the masks are made small before them.
  let masked = text
    .normalize("NFKC")
    .replace(/\s+/gu, " ")
    .replaceAll("İ", "i")
    .replace(/[A-Z](?=\p{M})/gu, (letter) => letter.toLowerCase())
    .normalize("NFKC");
  // A mask may uncover what another one then sees; a few passes leave nothing that a second call would mask.
  for (let before = "", passes = 0; masked !== before && passes < PASSES; passes++) {
    before = masked;
    for (const [pattern, mask] of masks) masked = masked.replace(pattern, mask);
  }
  return masked.toLowerCase().normalize("NFKC").trim();
};
