/** Ways to go. */
export const DIRECTIONS = [
  "north",
  "south",
  "east",
  "west",
  "northeast",
  "northwest",
  "southeast",
  "southwest",
  "up",
  "down",
  "in",
  "out",
] as const;

/** Commands for `#`, any thing. */
export const ON_ANY_THING = ["examine #"] as const;

/** Commands for `#`, a thing that the player does not hold. Of two with one effect the first counts. */
export const ON_A_THING = [
  "take #",
  "open #",
  "close #",
  "move #",
  "push #",
  "pull #",
  "turn #",
  "raise #",
  "lower #",
  "turn on #",
  "turn off #",
  "light #",
  "extinguish #",
  "enter #",
  "climb #",
  "climb down #",
  "ring #",
  "rub #",
  "read #",
  "eat #",
  "drink #",
  "untie #",
  "break #",
  "wake #",
  "dig #",
  "deflate #",
] as const;

/** Commands for `#`, a thing in the inventory. */
export const ON_A_HELD_THING = [
  "drop #",
  "open #",
  "close #",
  "turn on #",
  "turn off #",
  "light #",
  "extinguish #",
  "eat #",
  "drink #",
  "read #",
  "wear #",
  "ring #",
  "wave #",
  "rub #",
  "wind #",
  "turn #",
  "break #",
  "pour #",
  "untie #",
] as const;

/** Commands for `#`, a thing in the inventory, and `@`, any other thing. */
export const WITH_A_HELD_THING = ["put # in @", "light @ with #", "tie # to @"] as const;

/** Commands for `#`, a thing in the inventory, and `@`, a thing that the player does not hold. */
export const WITH_A_HELD_THING_ON_ANOTHER = [
  "put # on @",
  "attack @ with #",
  "give # to @",
  "unlock @ with #",
  "open @ with #",
  "turn @ with #",
  "inflate @ with #",
  "dig @ with #",
  "fill # with @",
  "pour # on @",
] as const;

/** Commands that stories refuse in the same words whatever is wrong with the pair, so every pair is tried. */
export const REFUSED_ALIKE: ReadonlySet<string> = new Set(["tie # to @"]);

/** Commands that may fail by chance, so they are tried with several lucks. */
export const CHANCY: ReadonlySet<string> = new Set(["attack @ with #", "attack #"]);

/** Commands for `#` that come after those with two things: "attack troll with sword" says more. */
export const LAST_ON_A_THING = ["attack #"] as const;

/** Commands that are complete without a noun. */
export const ALONE = ["pray", "launch", "land", "stand"] as const;

/** Fills in a template's `#` and `@`. */
export function fill(template: string, first: string, second = ""): string {
  return template.replace("#", first).replace("@", second);
}
