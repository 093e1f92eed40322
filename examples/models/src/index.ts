export {
  type ChatModel,
  chatModelFromKeys,
  type Environment,
  googleModel,
  type NamedModel,
  openAIModel,
} from "./chat-model-from-keys.js";
export { ScriptedModel, type ScriptedModelOptions } from "./scripted-model.js";
