"""Vowpal Wabbit for vw-process.ts: one JSON request a line on stdin, one JSON answer a line on stdout, in order.

  {"op": "open", "id": 1, "arguments": "--cb_explore_adf ..."}          -> {}
  {"op": "predict", "id": 1, "example": "shared |s a b\n|a x\n|a y"}    -> {"probabilities": [0.9, 0.1]}
  {"op": "learn", "id": 1, "examples": ["..."]}                         -> {}
  {"op": "close", "id": 1}                                              -> {}

An answer may be {"error": "..."} instead. The first line says {"version": "..."}, or why it cannot run.
"""

import json
import signal
import sys


def answer(value):
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def perform(request, workspaces):
    op, number = request["op"], request["id"]
    if op == "open":
        workspaces[number] = vowpalwabbit.Workspace(request["arguments"])
        return {}
    if op == "close":
        workspaces.pop(number).finish()
        return {}
    workspace = workspaces[number]
    if op == "predict":
        return {"probabilities": list(workspace.predict(request["example"]))}
    for example in request["examples"]:
        workspace.learn(example)
    return {}


# Ctrl-C is for the parent to decide; this process ends with its stdin.
signal.signal(signal.SIGINT, signal.SIG_IGN)
try:
    import vowpalwabbit
except ImportError as error:
    answer({"error": str(error)})
    sys.exit(0)
answer({"version": vowpalwabbit.__version__})
open_workspaces = {}
for line in sys.stdin:
    try:
        answer(perform(json.loads(line), open_workspaces))
    except Exception as error:  # noqa: BLE001 - whatever it was, the parent is told
        answer({"error": f"{type(error).__name__}: {error}"})
