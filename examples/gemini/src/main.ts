import { runAgents } from "@jitrl/example-create-agent";
import { chooseGemini } from "./choose-gemini.js";

await runAgents("A support desk of createAgent on Gemini that learns by a middleware.", chooseGemini);
