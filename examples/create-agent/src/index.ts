export { runAgents } from "./run-agents.js";
export { deskOf, learningAgent, plainAgent } from "./support-agent.js";
