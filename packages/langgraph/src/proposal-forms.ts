import { AIMessage, type BaseMessage, ToolMessage } from "@langchain/core/messages";
import { parametersOf, type ToolForm } from "./bound-tool.js";
import type { AnswerMode } from "./proposals.js";
import type { ToolCallSpec } from "./tool-call.js";

/** What a model is told when it proposes what to do next. */
export interface ProposalForm {
  readonly tools: readonly ToolForm[];
  /** Most calls, or sets of calls, that it is asked for. */
  readonly count: number;
  readonly instructions: string;
}

/**
 * The tool by which an agent's model proposes its next step in the place of taking it, as it is sent to the API.
 *
 * The agent's tools are described with a parameter: APIs refuse long descriptions of a tool, but not of a parameter.
 */
export function proposingTool(name: string, form: ProposalForm, answer: AnswerMode) {
  const { tools, count, instructions } = form;
  const ask = [
    `Up to ${count} different next steps that call tools${tools.length === 0 ? " (there are none)" : ""}, and at most one that answers the user, each with a score. Only what makes sense now, with arguments taken from the conversation.`,
    ...(instructions ? [instructions] : []),
  ];
  return {
    type: "function",
    function: {
      name,
      description:
        "Says what you might do next, in the place of doing it: one of the proposed steps is then carried out as it stands, as if you had done so yourself.",
      parameters: {
        type: "object",
        additionalProperties: false,
        required: ["proposals"],
        properties: {
          proposals: {
            type: "array",
            description: ask.join(" "),
            items: {
              type: "object",
              additionalProperties: false,
              required: ["calls", "answer", "score"],
              properties: {
                calls: {
                  type: "array",
                  description:
                    "The tool call of this step; several only where they are to be made at the same time; none where the step answers the user.",
                  items: callSchema(tools, toolList(tools)),
                },
                answer: answerSchemas[answer],
                score,
              },
            },
          },
        },
      },
    },
  };
}

/** What a model answers with that scores the agent's own call and proposes alternatives. */
export function alternativesSchema({ tools }: ProposalForm) {
  const call = callSchema(tools);
  return {
    type: "object",
    additionalProperties: false,
    required: ["own_score", "alternatives"],
    properties: {
      own_score: {
        type: "number",
        description: "0 to 100: how likely the agent's own call is the right next one",
      },
      alternatives: {
        type: "array",
        items: {
          ...call,
          required: [...call.required, "score"],
          properties: { ...call.properties, score },
        },
      },
    },
  };
}

/** Asks for a score of the agent's own call and for alternatives. */
export function alternativesPrompt(
  { tools, count, instructions }: ProposalForm,
  messages: readonly BaseMessage[],
  call: ToolCallSpec,
): string {
  return [
    "You judge what an agent should do next. Below are its tools, the conversation so far, and the tool call that it is about to make.",
    `Score that call from 0 to 100 by how likely it is the right next step, and propose up to ${count} other complete calls with scores on the same scale. Propose only calls that make sense now, with arguments taken from the conversation. Be honest: equal chances get equal scores.`,
    ...(instructions ? [instructions] : []),
    `# Tools\n${toolList(tools)}`,
    `# Conversation\n${transcript(messages)}`,
    `# The agent's call\n${call.name} ${JSON.stringify(call.args)}`,
  ].join("\n\n");
}

const score = {
  type: "number",
  description: "0 to 100: how likely this is the right next step. Be honest: equal chances get equal scores.",
};

const answerSchemas = {
  inline: {
    type: "string",
    description:
      "Where the step answers the user: the complete answer, as the user will read it. Else empty.",
  },
  stream: {
    type: "boolean",
    description:
      "True where the step answers the user without calling a tool; you will be asked for the text of the answer later.",
  },
} as const;

/** Arguments as a text: an object of any form is what the APIs differ in most. */
function callSchema(tools: readonly ToolForm[], list?: string) {
  return {
    type: "object",
    additionalProperties: false,
    required: ["tool", "arguments"],
    properties: {
      tool: {
        type: "string",
        enum: tools.map(({ name }) => name),
        ...(list === undefined ? {} : { description: `The name of one of your tools:\n${list}` }),
      },
      arguments: { type: "string", description: "the arguments, as a JSON object" },
    },
  };
}

function toolList(tools: readonly ToolForm[]): string {
  return tools
    .map((tool) => `- ${tool.name}: ${tool.description}\n  arguments: ${JSON.stringify(parametersOf(tool))}`)
    .join("\n");
}

/** As one text rather than as messages: providers differ in which sequences of roles they accept. */
export function transcript(messages: readonly BaseMessage[]): string {
  return messages
    .map((message) => {
      const calls = AIMessage.isInstance(message)
        ? (message.tool_calls ?? []).map(({ name, args }) => `[calls ${name} ${JSON.stringify(args)}]`)
        : [];
      const speaker = ToolMessage.isInstance(message) ? `tool ${message.name ?? ""}`.trim() : message.type;
      return `${speaker}: ${[message.text, ...calls].filter(Boolean).join(" ")}`;
    })
    .join("\n");
}
