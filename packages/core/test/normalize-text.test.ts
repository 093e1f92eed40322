import { normalizeText, words } from "@jitrl/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

describe("normalizeText masks what never repeats", () => {
  test.each([
    ["550e8400-e29b-41d4-a716-446655440000", "<uuid>"],
    ["550E8400-E29B-41D4-A716-446655440000", "<uuid>"],
    ["1234567890", "<id>"],
    ["deadbeef01", "<id>"],
    ["0x1f", "<id>"],
    ["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "<id>"],
    ["#4711", "<id>"],
    ["# 4711", "<id>"],
    ["#A-4711", "<id>"],
    ["No. 4711", "<id>"],
    ["Nr.  4711", "<id>"],
    ["ORD-12345", "<id>"],
    ["SKU-9F3K", "<id>"],
    ["PO-2024-0001", "<id>"],
    ["inv_2024_0001", "<id>"],
    ["cus_9s8f7a6b5c", "<id>"],
    ["cus_NffrFeUfNV2Hib", "<id>"],
    ["req9A8b7C6d5e", "<id>"],
    ["dQw4w9WgXcQ", "<id>"],
    ["user12345678", "<id>"],
    ["+49 30 1234567", "<id>"],
    ["+1 (555) 123-4567", "<id>"],
    ["bob@example.com", "<email>"],
    ["Jürgen.Müller+shop@mail.example.co.uk", "<email>"],
    ["2026-11-22T09:08:07.123Z", "<time>"],
    ["2026-11-22T09:08:07+02:00", "<time>"],
    ["2026-11-22 09:08", "<time>"],
    ["2026-11-22", "<time>"],
    ["2026/11/22", "<time>"],
    ["22.11.2026", "<time>"],
    ["11/22/2026", "<time>"],
    ["09:08:07", "<time>"],
    ["9:08 PM", "<time>"],
    ["20261122T090807Z", "<id>"],
  ])("%s", (text, mask) => {
    expect(normalizeText(text)).toBe(mask);
    expect(normalizeText(`Please look (${text}), thanks.`)).toBe(`please look (${mask}), thanks.`);
  });

  test.each([
    ["order 123", "order 456"],
    ["Ticket: 99", "ticket: 100"],
    ["order number 4711", "order number 1"],
    ["customer id 42", "customer id 7"],
    ["order #123 has not arrived", "order #456 has not arrived"],
    ["order#123", "order#9"],
    ["write to a.b@example.com today", "write to c@mail.example.org today"],
    ["paid at 09:08", "paid at 17:45"],
    ["case 12 was closed on 2026-01-02", "case 981 was closed on 2025-12-31"],
  ])("so that %s = %s", (one, other) => {
    expect(normalizeText(one)).toBe(normalizeText(other));
  });
});

describe("normalizeText keeps what tells situations apart", () => {
  test.each([
    "30 days",
    "€500",
    "$1,250,000",
    "3 items",
    "1500000 eur",
    "1500000  eur",
    "eur 1500000",
    "1500000eur",
    "€ 1500000",
    "$1500000",
    "1500000€",
    "50 %",
    "100000 units",
    "250000 miles",
    "1.500.000,00 €",
    "1234567.89",
    "account 30 days overdue",
    "order 5 kg",
    "order 3 items",
    "the answer is no. 30 days have passed",
    "http 404",
    "error 500",
    "windows 11",
    "windows11pro",
    "playstation5",
    "iphone15promax",
    "covid-19",
    "c# 12",
    "c#12",
    "mp3",
    "1920x1080px",
    "120x80x40cm",
    "scale 1:1000",
    "10.0.0.1:80",
    "localhost:3000",
    "version 2.10.3",
    "node.js 20",
    "don&#39;t",
    "facade",
    "defaced",
    "deadbeef",
    "responsibility",
    "24/7",
    "in 2026",
    "7 of 10",
    "user@localhost",
    "a + b",
  ])("%s", (text) => {
    expect(normalizeText(text)).toBe(text.replace(/ +/g, " "));
    expect(normalizeText(text.toUpperCase()).replace(/[<>]/g, "")).toBe(text.replace(/ +/g, " "));
  });

  test("quantities of different size stay different", () => {
    fc.assert(
      fc.property(
        fc.nat(99_999),
        fc.nat(99_999),
        fc.constantFrom("days", "items", "€", "%", "kg"),
        (a, b, unit) => {
          const [one, other] = [normalizeText(`${a} ${unit} left`), normalizeText(`${b} ${unit} left`)];
          expect(one === other).toBe(a === b);
        },
      ),
    );
  });
});

describe("normalizeText", () => {
  const piece = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({ unit: "grapheme" }),
    fc.stringMatching(/^[A-Za-z0-9 #@.:_+\-€%/()<>]{0,24}$/),
    fc.constantFrom(
      "order ",
      "no. ",
      "ID",
      "# ",
      "<id>",
      "<time>",
      "<email>",
      "+49 ",
      "2026-11-22",
      "09:08",
      "a@b.c",
      " \t\n",
      "days",
      "İ",
      "J\u030c",
      "ΑΣ",
      "ﬃ",
      "１２３４５６",
      "EUR ",
      "123456",
      "_",
      "\u030c",
    ),
  );

  test("is idempotent", () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const once = normalizeText(pieces.join(""));
        expect(normalizeText(once)).toBe(once);
      }),
      { numRuns: 1000 },
    );
  });

  test("does not see case, the form of white space, or compatible forms of letters", () => {
    expect(normalizeText("  Where\u00a0IS\n\tmy  Parcel? ")).toBe("where is my parcel?");
    expect(normalizeText("ＡＢＣ ﬁne")).toBe("abc fine");
    expect(normalizeText("Cafe\u0301")).toBe("café");
  });

  test("gives an empty text for nothing but white space", () => {
    expect(normalizeText(" \n\u2003")).toBe("");
    expect(normalizeText("")).toBe("");
  });

  // Quadratic work would take minutes at this length, far beyond the time limit of a test.
  test.each([
    ["a", "a"],
    ["1", "1"],
    ["a.", "a."],
    ["a@", "a@"],
    ["a@a.", "a@a."],
    ["+1 ", "+1 "],
    ["+1(", "+1("],
    ["#", "#"],
    ["#a", "#a"],
    ["A-", "A-"],
    ["A-1aa", "A-1aa"],
    ["a_1aa", "a_1aa"],
    ["1x", "1x"],
    ["1:", "1:"],
    ["2026-11-", "2026-11-"],
    ["order ", "order "],
    ["order 1", "order 1"],
    ["spaces", " "],
    ["dots", "."],
    ["quotes", "'"],
    ["accents", "\u0301"],
  ])("takes 200,000 characters of %j in its stride", (_, unit) => {
    const run = unit.repeat(Math.ceil(200_000 / unit.length));
    for (const text of [run, `#order${run}x`]) {
      expect(words(text).tokens.every((word) => word !== "")).toBe(true);
    }
  });
});
