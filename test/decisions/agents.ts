import { JitRLNode, type JitRLNodeOptions } from "@jitrl/langgraph";
import { jitrlMiddleware } from "@jitrl/langgraph/middleware";
import { AIMessage, type BaseMessage } from "@langchain/core/messages";
import { AsyncLocalStorageProviderSingleton } from "@langchain/core/singletons";
import type { LangGraphRunnableConfig } from "@langchain/langgraph";
import type { World } from "./world.js";

/** One step of an agent with its candidates and its policy. */
export interface Agent {
  /** Whether candidates are proposed in the place of the agent's own call, rather than beside it. */
  readonly inPlace: boolean;
  /** @param said what the agent says by itself @returns what is executed, and the steps that are learned from */
  act(asked: BaseMessage, said: AIMessage, config: LangGraphRunnableConfig): Promise<Acted>;
}

export interface Acted {
  /** `undefined` where what the agent said stands as it was. */
  readonly message: unknown;
  readonly trajectory: unknown;
}

/** Either form, each in about half of the worlds. */
export function randomAgent(world: World): Agent {
  return world.inPlace ? middlewareAgent(world) : nodeAgent(safeNode(world));
}

export function safeNode(world: World, options: Partial<JitRLNodeOptions> = {}): JitRLNode {
  const { policy, source, tools } = world;
  return new JitRLNode({ policy, candidates: source, tools, onError: () => undefined, ...options });
}

/** The node of a graph. */
export function nodeAgent(node: JitRLNode): Agent {
  return {
    inPlace: false,
    async act(asked, said, config) {
      const state = {
        messages: [asked, said],
        jitrl: { current: null, end: null, ended: [], unsent: [] },
      };
      const update = await node.invoke(state, config);
      const messages: unknown = "messages" in update ? update.messages : [];
      const [message]: unknown[] = Array.isArray(messages) ? messages : [];
      return { message, trajectory: update.jitrl?.type === "steps" ? update.jitrl.trajectory : undefined };
    },
  };
}

/** The middleware of `createAgent`, whose candidates come in the place of the agent's own call. */
export function middlewareAgent({ policy, source, tools }: World): Agent {
  const candidates = Object.assign(source.bind(undefined), { inPlaceOfCall: true });
  const { wrapModelCall } = jitrlMiddleware({
    policy,
    candidates,
    reward: () => 0,
    onError: () => undefined,
  });
  return {
    inPlace: true,
    async act(asked, said, config) {
      const request: unknown = { tools, messages: [asked], state: { messages: [asked] }, runtime: config };
      const message: unknown = await AsyncLocalStorageProviderSingleton.runWithConfig(config, async () =>
        wrapModelCall?.(request as Parameters<typeof wrapModelCall>[0], ({ toolChoice }) =>
          toolChoice === "none" ? new AIMessage({ id: "said", content: "It is done." }) : said,
        ),
      );
      const { trajectory }: { trajectory?: unknown } = Object(
        Object(Object(message).response_metadata).jitrl,
      );
      return { message, trajectory };
    },
  };
}
