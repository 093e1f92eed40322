export { type ChatModel, chatModelFromKeys, type NamedModel } from "./chat-model-from-keys.js";
