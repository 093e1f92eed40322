// Runs a bundle as a page would: in a context with the globals of the language and of the web, none of Node's.
// Started with --experimental-vm-modules. Arguments: the format; the bundle comes from standard input. Writes what its
// `scenario` gives as JSON.
import { text } from "node:stream/consumers";
import { createContext, runInContext, SourceTextModule } from "node:vm";

const WEB_GLOBALS = [
  "AbortController",
  "AbortSignal",
  "atob",
  "btoa",
  "clearTimeout",
  "crypto",
  "DOMException",
  "Event",
  "EventTarget",
  "performance",
  "queueMicrotask",
  "setTimeout",
  "structuredClone",
  "TextDecoder",
  "TextEncoder",
  "URL",
];
const context = createContext(Object.fromEntries(WEB_GLOBALS.map((name) => [name, globalThis[name]])), {
  codeGeneration: { strings: false, wasm: false },
});
const [format] = process.argv.slice(2);
const code = await text(process.stdin);
if (format === "esm") {
  const module = new SourceTextModule(code, { context });
  await module.link((specifier) => {
    throw new Error(`The bundle imports ${specifier}.`);
  });
  await module.evaluate();
  context.bundle = module.namespace;
} else {
  runInContext(code, context);
}
console.log(await runInContext("bundle.scenario().then(JSON.stringify)", context));
