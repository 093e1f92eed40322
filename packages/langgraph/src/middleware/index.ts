export { withoutHidden } from "./hidden-calls.js";
export {
  type AgentState,
  type JitRLMiddleware,
  type JitRLMiddlewareOptions,
  jitrlMiddleware,
} from "./jitrl-middleware.js";
