import type { KnownExperiment } from "./known.js";

const settings = {
  /** As many as `npm run demo` works through, the last with products and wordings that never came before. */
  tickets: 240,
  fresh: 40,
  /** All that can be done about a ticket, one of it right. */
  resolutions: 8,
} as const;
export type DeskSettings = typeof settings;

/**
 * The quickstart without its graph: the same tickets, orders, state description and offline stand-in model. What is
 * decided is how to resolve a ticket once its order was looked up; right by the company's rules is 1, wrong −1.
 * It tests a whole application: features with weights, quantities in buckets, a prior of habits that are often wrong,
 * unseen wordings at the end. Static scores about 0.32.
 */
export const supportDesk: KnownExperiment = {
  name: "support-desk",
  question: "Does the quickstart's support desk learn its company's rules?",
  episodes: settings.tickets,
  seeds: 20,
  best: 1,
  random: 2 / settings.resolutions - 1,
  async create(seed) {
    // Imported only when it is played: LangGraph takes a while to load.
    const { deskEnvironment } = await import("./support-desk-environment.js");
    return deskEnvironment(settings, seed);
  },
};
