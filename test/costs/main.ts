// npm run costs
// Model calls and tokens of each kind of agent with each source of candidates, against the same agent without JitRL.
// docs/guides/costs.md holds what this prints.

import { measureAll } from "./measure.js";
import { costTables } from "./table.js";

console.log(costTables(await measureAll()));
