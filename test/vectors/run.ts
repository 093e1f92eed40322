import { resolve } from "node:path";
import { runVectors } from "./vectors.js";

const [file] = process.argv.slice(2);
if (!file) {
  console.error("Usage: npm run vectors -- FILE.json   (for example test/vectors/plain-rule.json)");
  process.exit(2);
}
const path = resolve(process.env.INIT_CWD ?? process.cwd(), file);
try {
  const { passed, failures } = await runVectors(path);
  for (const { name, problems } of failures) console.log(`FAILED ${name}\n  ${problems.join("\n  ")}`);
  console.log(`${passed} passed, ${failures.length} failed`);
  process.exitCode = failures.length === 0 ? 0 : 1;
} catch (error) {
  console.error(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 2;
}
