// The same package from a CommonJS file.
const { AIMessage } = require("@langchain/core/messages");
const { JitRLNode, rewriteToolCall } = require("@jitrl/langgraph");

const message = new AIMessage({ content: "", tool_calls: [{ id: "1", name: "kick", args: {} }] });
const rewritten = rewriteToolCall(message, { name: "knock", args: { times: 2 } });
const [{ name, args }] = rewritten.tool_calls;
console.log(JSON.stringify({ name, args, options: Object.keys(JitRLNode.options) }));
