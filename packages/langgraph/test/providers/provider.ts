import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { type Fields, Refusal } from "./form.js";
import { type Asked, type Reply, serve } from "./wire.js";

export interface CallOfTurn {
  readonly name: string;
  readonly args: Fields;
}

/** What the model behind a server says next. */
export interface Turn {
  readonly text?: string;
  /** What it thought before, where the provider shows or signs thoughts. */
  readonly thinking?: string;
  readonly calls?: readonly CallOfTurn[];
  /** Natural-log probabilities of the tokens that may stand in the place of the text. */
  readonly top?: Readonly<Record<string, number>>;
  /** An answer in the form that the request asks for, by a forced tool call or as JSON. */
  readonly structured?: Fields;
}

/** A call or result in the history that a request brings, in the order in which they stand. */
export type HeardPart =
  | { readonly call: string; readonly args: unknown; readonly id?: unknown }
  | { readonly result: string; readonly id?: unknown }
  | { readonly said: string };

/** What a request told the server. */
export interface Heard {
  readonly history: readonly HeardPart[];
  /** How many completions are asked for. */
  readonly choices: number;
  readonly stream: boolean;
  /** The name under which a structured answer is wanted as a call; absent where it is wanted as text. */
  readonly forced?: string;
  readonly logprobs?: boolean;
}

export interface ModelOptions {
  /** How many log-probabilities to ask for. */
  readonly logprobs?: number;
  readonly n?: number;
  readonly temperature?: number;
  readonly thinking?: boolean;
  readonly streaming?: boolean;
  readonly v1?: boolean;
}

/** A provider's protocol: how it reads a request and refuses a wrong one, and how it answers. */
export interface Protocol {
  read(asked: Asked): Heard;
  reply(turns: readonly Turn[], heard: Heard, number: number): Reply;
  refusal(message: string): unknown;
}

export interface Provider {
  readonly name: string;
  /** A new one for each server, since APIs remember what they signed. */
  readonly protocol: () => Protocol;
  readonly model: (url: string, options: ModelOptions) => BaseChatModel;
}

/** A server of a provider, and a client that speaks to it. */
export async function start(provider: Provider) {
  const protocol = provider.protocol();
  const script: Turn[] = [];
  const heard: (Heard & { readonly body: string })[] = [];
  const refused: string[] = [];
  const server = await serve((asked) => {
    try {
      const request = protocol.read(asked);
      const turns = script.splice(0, request.choices);
      if (turns.length < request.choices) throw new Refusal("The script of the test has come to its end.");
      heard.push({ ...request, body: JSON.stringify(asked.body) });
      return protocol.reply(turns, request, heard.length);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      refused.push(message);
      return { status: 400, json: protocol.refusal(message) };
    }
  });
  return {
    /** What the model says to the next requests, one turn for each completion. */
    play: (...turns: readonly Turn[]) => {
      script.push(...turns);
    },
    /** The requests that were answered, in their order. */
    heard,
    /** Why requests were refused. */
    refused,
    model: (options: ModelOptions = {}) => provider.model(server.url, options),
    close: server.close,
  };
}

export type Running = Awaited<ReturnType<typeof start>>;
