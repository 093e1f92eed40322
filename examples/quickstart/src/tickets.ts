import { seededRandom } from "@jitrl/core";

/** What the customer chose in the contact form. */
export type Topic = "Damaged item" | "Return" | "Safety" | "Payment" | "Delivery";

export interface Order {
  readonly id: string;
  readonly product: string;
  readonly priceEur: number;
  readonly country: "Germany" | "France" | "Poland";
  /** Since it was sent. */
  readonly days: number;
}

export interface Ticket {
  readonly text: string;
  readonly topic: Topic;
  readonly order: Order;
}

interface Wording {
  readonly products: readonly (readonly [name: string, priceEur: number])[];
  readonly texts: Readonly<Record<Topic, readonly string[]>>;
}

/** What most customers buy and how they write. */
const familiar: Wording = {
  products: [
    ["ceramic mug", 14],
    ["desk lamp", 39],
    ["oak stool", 62],
    ["coffee grinder", 119],
    ["office chair", 249],
    ["espresso machine", 420],
    ["wall clock", 27],
    ["bookshelf", 180],
  ],
  texts: {
    "Damaged item": [
      "Hello, my {product} arrived broken. Order {id}. What can you do?",
      "The {product} from order {id} is damaged, it has a crack all over. Please help.",
      "Order {id}: the {product} arrived in pieces, the box was damaged too.",
    ],
    Return: [
      "I changed my mind about the {product}, order {id}. Can I send it back?",
      "The {product} (order {id}) does not fit my room after all, I would like to send it back.",
      "Hi, I do not like the {product} as much as I thought and want to send it back. Order {id}.",
    ],
    Safety: [
      "My {product} gets very hot and smells burnt! Order {id}.",
      "Order {id}: there was smoke, the {product} smells burnt and gets hot.",
      "The {product} of order {id} gets so hot that I am afraid to use it.",
    ],
    Payment: [
      "I was charged twice for order {id}, the {product}. Please check my card.",
      "My bank shows two payments for the {product}, order {id}. I was charged twice.",
      "Order {id}: you charged my card twice for one {product}.",
    ],
    Delivery: [
      "Where is my {product}? Order {id} has not arrived.",
      "Order {id} has still not arrived. I am waiting for my {product}.",
      "The parcel with my {product} has not arrived, order {id}. Is it lost?",
    ],
  },
};

/** Products and wordings that come only in the last part of a run. */
const unseen: Wording = {
  products: [
    ["tea kettle", 44],
    ["picture frame", 19],
    ["floor lamp", 95],
    ["standing desk", 380],
    ["stand mixer", 210],
  ],
  texts: {
    "Damaged item": [
      "My {product} (order {id}) arrived damaged, there is a crack in it. What now?",
      "Order {id}, the {product} was broken when it arrived.",
    ],
    Return: [
      "I would like to send back the {product}, I changed my mind. Order {id}.",
      "Can I send the {product} from order {id} back? I do not like it.",
    ],
    Safety: [
      "The {product}, order {id}, gets hot and there is smoke.",
      "Help, my {product} smells burnt and gets hot. Order {id}.",
    ],
    Payment: [
      "Why was I charged twice for the {product}? Order {id}.",
      "Order {id}: my card was charged twice, two payments for one {product}.",
    ],
    Delivery: [
      "My {product} has not arrived yet, order {id}. Where is it?",
      "I am still waiting for order {id}, the {product}. It has not arrived.",
    ],
  },
};

const topics: readonly Topic[] = ["Damaged item", "Return", "Safety", "Payment", "Delivery"];
const countries: readonly Order["country"][] = ["Germany", "France", "Poland"];

/**
 * An endless, reproducible stream of tickets: number `n` is always the same one.
 *
 * @param fresh true for products and wordings that no other ticket has
 */
export function ticketNumber(n: number, fresh = false): Ticket {
  const random = seededRandom(n * 7919 + (fresh ? 3 : 1));
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const wording = fresh ? unseen : familiar;
  const topic = pick(topics);
  const [product, priceEur] = pick(wording.products);
  const order: Order = {
    id: `A-${10_000 + Math.floor(random() * 90_000)}`,
    product,
    priceEur,
    country: pick(countries),
    days: random() < 0.5 ? 2 + Math.floor(random() * 28) : 31 + Math.floor(random() * 60),
  };
  const text = pick(wording.texts[topic]).replace("{product}", product).replace("{id}", order.id);
  return { text: `Topic: ${topic}. ${text}`, topic, order };
}
