import { sharedServer } from "../servers/index.js";
import { officialSuite } from "./official-suite.js";

await officialSuite("a single server", sharedServer);
