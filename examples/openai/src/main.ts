import { runAgents } from "@jitrl/example-create-agent";
import { chooseOpenAI } from "./choose-openai.js";

await runAgents("A support desk of createAgent on OpenAI that learns by a middleware.", chooseOpenAI);
