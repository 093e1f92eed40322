// The same package from a CommonJS file: Node 20.19 and newer can require ES modules.
const { createPolicy, InMemoryExperienceStore, openMemory } = require("@jitrl/core");
const { FileExperienceStore } = require("@jitrl/core/file");

async function main() {
  const memory = await openMemory({ store: await FileExperienceStore.open(process.argv[2]) });
  await memory.learn({ steps: [{ state: "a locked door", action: "knock", reward: 1 }] });
  const { reason, value } = await createPolicy({ memory }).decide({
    state: "a locked door",
    candidates: [{ action: "knock", logit: 0 }],
  });
  await memory.close();
  console.log(JSON.stringify({ reason, value, store: typeof InMemoryExperienceStore }));
}
main();
