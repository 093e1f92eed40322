import { ChatGoogle } from "@langchain/google";
import { ChatGoogleGenerativeAI } from "@langchain/google-genai";
import {
  check,
  type Fields,
  fields,
  list,
  object,
  oneOf,
  refuse,
  schemaSubset,
  text,
  toolName,
} from "./form.js";
import type { Heard, HeardPart, Protocol, Provider, Turn } from "./provider.js";

/** What Google documents for calls that its model did not make. */
const SKIP = "skip_thought_signature_validator";

/** The subset of OpenAPI schemas that the API takes for parameters and answers. */
const schemaWords =
  "type format title description nullable enum maxItems minItems properties required minProperties maxProperties minLength maxLength pattern example anyOf propertyOrdering default items minimum maximum";

/** `generateContent` of the Gemini API, as models from Gemini 3 on check it: the calls of a turn carry signatures. */
function generateContentProtocol(): Protocol {
  /** Calls by the signatures that were given to them. */
  const signed = new Map<string, string>();
  return {
    read({ path, body, headers }) {
      const [, method, query] = /^\/v1beta\/models\/[\w.-]+:(\w+)(\?.*)?$/u.exec(path) ?? [];
      oneOf(method, "method", "generateContent", "streamGenerateContent");
      check(method === "generateContent" || query === "?alt=sse", "streams are asked for as SSE here");
      check(headers["x-goog-api-key"] === "test", "Missing API key");
      const request = fields(
        body,
        "request",
        "contents",
        "tools toolConfig systemInstruction generationConfig safetySettings",
      );
      const names = list(request.tools ?? [], "tools").flatMap(readTools);
      const { logprobs } = readGeneration(request.generationConfig);
      const forced = readChoice(request.toolConfig, names);
      return {
        history: readContents(list(request.contents, "contents"), signed),
        choices: 1,
        stream: method === "streamGenerateContent",
        logprobs,
        ...(forced === undefined ? {} : { forced }),
      };
    },
    reply([turn = {}], heard, number) {
      const parts = partsOf(turn, heard, number);
      for (const { thoughtSignature, functionCall } of parts) {
        if (typeof thoughtSignature === "string" && functionCall)
          signed.set(thoughtSignature, JSON.stringify(functionCall));
      }
      const usageMetadata = { promptTokenCount: 9, candidatesTokenCount: 4, totalTokenCount: 13 };
      const response = (some: readonly Fields[], more: Fields) => ({
        candidates: [{ content: { role: "model", parts: some }, index: 0, ...more }],
        usageMetadata,
        modelVersion: "gemini-3-pro",
        responseId: `response-${number}`,
      });
      const end = { finishReason: "STOP", ...(heard.logprobs ? logprobsOf(turn) : {}) };
      if (!heard.stream) return { json: response(parts, end) };
      const pieces = parts.map((part) => ({ data: response([part], {}) }));
      return { events: [...pieces, { data: response([{ text: "" }], end) }] };
    },
    refusal: (message) => ({ error: { code: 400, message, status: "INVALID_ARGUMENT" } }),
  };
}

function readTools(tool: unknown): string[] {
  const { functionDeclarations } = fields(tool, "tool", "functionDeclarations");
  return list(functionDeclarations, "functionDeclarations").map((declared) => {
    const { name, parameters } = fields(declared, "function", "name description", "parameters response");
    if (parameters !== undefined) schemaSubset(parameters, "parameters", schemaWords);
    return toolName(name, "function.name");
  });
}

function readChoice(config: unknown, names: readonly string[]): string | undefined {
  if (config === undefined) return undefined;
  const { functionCallingConfig } = fields(config, "toolConfig", "functionCallingConfig");
  const { mode, allowedFunctionNames = [] } = fields(
    functionCallingConfig,
    "functionCallingConfig",
    "mode",
    "allowedFunctionNames",
  );
  oneOf(mode, "mode", "AUTO", "ANY", "NONE");
  const allowed = list(allowedFunctionNames, "allowedFunctionNames");
  for (const name of allowed) oneOf(name, "allowedFunctionNames", ...names);
  check(allowed.length === 0 || mode === "ANY", "allowedFunctionNames wants the mode ANY");
  return mode === "ANY" && allowed.length === 1 ? text(allowed[0], "allowedFunctionNames") : undefined;
}

function readGeneration(config: unknown): { logprobs: boolean } {
  const generation = fields(
    config ?? {},
    "generationConfig",
    "",
    "temperature topP topK maxOutputTokens presencePenalty frequencyPenalty stopSequences responseMimeType responseSchema responseJsonSchema responseModalities candidateCount seed responseLogprobs logprobs thinkingConfig",
  );
  const { responseSchema, responseMimeType, logprobs, responseLogprobs } = generation;
  if (responseSchema !== undefined) {
    oneOf(responseMimeType, "responseMimeType", "application/json");
    schemaSubset(responseSchema, "responseSchema", schemaWords);
  }
  check(logprobs === undefined || responseLogprobs === true, "logprobs wants responseLogprobs");
  check(Number(logprobs ?? 0) <= 20, "logprobs: at most 20");
  return { logprobs: responseLogprobs === true };
}

const unequal =
  "the number of function response parts must equal the number of function call parts of the function call turn";

function readContents(contents: readonly unknown[], signed: ReadonlyMap<string, string>): HeardPart[] {
  const turns = contents.map((content) => {
    const { role, parts } = fields(content, "content", "role parts");
    oneOf(role, "role", "user", "model");
    const read = list(parts, "parts").map((part) => object(part, "part"));
    check(read.length > 0, "parts: must not be empty");
    return { role, parts: read };
  });
  check(turns[0]?.role === "user", "contents: a conversation begins with the user");
  const lastQuestion = turns.findLastIndex(
    ({ role, parts }) => role === "user" && parts.some((p) => "text" in p),
  );
  const history: HeardPart[] = [];
  /** Calls whose results are to come next. */
  const wanted: Fields[] = [];
  for (const [i, { role, parts }] of turns.entries()) {
    const calls = parts.flatMap((part) => (part.functionCall ? [readCall(part, signed)] : []));
    const results = parts.flatMap((part) => (part.functionResponse ? [readResult(part)] : []));
    if (role === "model") {
      check(wanted.length === 0, unequal);
      wanted.push(...parts.filter((part) => part.functionCall));
    } else {
      // A client may send each response as a content of its own.
      check(results.length === 0 || results.length <= wanted.length, unequal);
      check(results.length > 0 || wanted.length === 0, unequal);
    }
    for (const result of results) {
      const call = object(wanted.shift()?.functionCall, "functionCall");
      check(result.name === call.name, `function response "${result.name}" answers no call of that name`);
      check(result.id === call.id, `function response: id ${String(result.id)} is not that of its call`);
    }
    check(calls.length === 0 || role === "model", "function calls stand in the model's turn");
    check(results.length === 0 || role === "user", "function responses stand in the user's turn");
    const first = parts.find((part) => part.functionCall);
    check(
      !first || i < lastQuestion || first.thoughtSignature !== undefined,
      "Function call is missing a thought_signature in functionCall parts.",
    );
    for (const part of parts) {
      if (!part.functionCall && !part.functionResponse) readText(part);
      if (typeof part.text === "string" && role === "model" && part.thought !== true)
        history.push({ said: part.text });
    }
    history.push(...calls, ...results.map(({ result, id }) => ({ result, id })));
  }
  check(wanted.length === 0, unequal);
  return history;
}

function readText(part: Fields): void {
  const { text: said } = fields(part, "part", "text", "thought thoughtSignature");
  text(said, "part.text");
}

function readCall(part: Fields, signed: ReadonlyMap<string, string>): HeardPart {
  const { functionCall, thoughtSignature } = fields(part, "part", "functionCall", "thoughtSignature");
  const { name, args, id } = fields(functionCall, "functionCall", "name args", "id");
  if (thoughtSignature !== undefined) {
    const signature = text(thoughtSignature, "thoughtSignature");
    const made = signed.get(signature);
    // @langchain/google-genai sends a signature that it once recorded for calls that have none.
    const known = signature === SKIP || signature.startsWith("ErYCCrMC") || made !== undefined;
    check(known, "Thought signature is not valid");
    if (made !== undefined) {
      const { name: madeName, args: madeArgs } = object(JSON.parse(made), "functionCall");
      const same = JSON.stringify([madeName, madeArgs]) === JSON.stringify([name, args]);
      check(same, "Corrupted thought signature: it belongs to another call");
    }
  }
  return { call: toolName(name, "functionCall.name"), args: object(args, "functionCall.args"), id };
}

function readResult(part: Fields) {
  const { functionResponse } = fields(part, "part", "functionResponse");
  const { name, response, id } = fields(functionResponse, "functionResponse", "name response", "id");
  return {
    name: text(name, "functionResponse.name"),
    result: JSON.stringify(object(response, "response")),
    id,
  };
}

function partsOf(turn: Turn, { forced }: Heard, number: number): Fields[] {
  const { structured } = turn;
  const asCall = structured && forced !== undefined ? [{ name: forced, args: structured }] : undefined;
  const said = turn.text ?? (structured && !asCall ? JSON.stringify(structured) : undefined);
  return [
    ...(turn.thinking ? [{ text: turn.thinking, thought: true }] : []),
    ...(said ? [{ text: said }] : []),
    ...(asCall ?? turn.calls ?? []).map(({ name, args }, i) => ({
      functionCall: { name, args },
      ...(i === 0 ? { thoughtSignature: `signature-${number}` } : {}),
    })),
  ];
}

function logprobsOf({ text: said = refuse("no text"), top = {} }: Turn) {
  const candidates = Object.entries(top).map(([token, logProbability]) => ({ token, logProbability }));
  return {
    avgLogprobs: -0.1,
    logprobsResult: {
      topCandidates: [{ candidates }],
      chosenCandidates: [{ token: said, logProbability: top[said] ?? 0 }],
    },
  };
}

export const google: Provider = {
  name: "ChatGoogle",
  protocol: generateContentProtocol,
  model: (url, { logprobs, temperature, streaming, v1 }) =>
    new ChatGoogle({
      model: "gemini-3-pro-preview",
      apiKey: "test",
      maxRetries: 0,
      endpoint: url,
      platformType: "gai",
      ...(logprobs === undefined ? {} : { responseLogprobs: true, logprobs }),
      ...(temperature === undefined ? {} : { temperature }),
      ...(streaming ? { streaming } : {}),
      ...(v1 ? { outputVersion: "v1" as const } : {}),
    }),
};

export const googleGenerativeAI: Provider = {
  name: "ChatGoogleGenerativeAI",
  protocol: generateContentProtocol,
  model: (url, { temperature, streaming, v1 }) =>
    new ChatGoogleGenerativeAI({
      model: "gemini-3-pro-preview",
      apiKey: "test",
      maxRetries: 0,
      baseUrl: url,
      ...(temperature === undefined ? {} : { temperature }),
      ...(streaming ? { streaming } : {}),
      ...(v1 ? { outputVersion: "v1" as const } : {}),
    }),
};
