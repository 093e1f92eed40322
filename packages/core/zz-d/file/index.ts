export { FileExperienceStore, type FileStoreOptions } from "./file-experience-store.js";
