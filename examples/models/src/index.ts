export {
  type ChatModel,
  chatModelFromKeys,
  type Environment,
  googleModel,
  type NamedModel,
  openAIModel,
} from "./chat-model-from-keys.js";
