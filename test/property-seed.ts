import fc from "fast-check";

// One run like another: a change is judged by what it changed, not by luck. JITRL_TEST_SEED looks elsewhere.
fc.configureGlobal({ seed: Number(process.env.JITRL_TEST_SEED ?? 1) });
