import { startCluster } from "../servers/index.js";
import { officialSuite } from "./official-suite.js";

await officialSuite("a cluster", startCluster);
