"""Figures of the Open Bandit Pipeline for logs that compare.ts writes: JSON on standard input, JSON on standard output.

pip install obp==0.5.7 matplotlib==3.6.3   (Python 3.8 to 3.10)
"""

import json
import sys

import numpy as np
import obp
from obp.ope import DoublyRobust, InverseProbabilityWeighting, SelfNormalizedInverseProbabilityWeighting

ESTIMATORS = {
    "ips": InverseProbabilityWeighting(),
    "snips": SelfNormalizedInverseProbabilityWeighting(),
    "dr": DoublyRobust(),
}


def figures(log):
    rounds = {
        "reward": np.array(log["reward"], dtype=float),
        "action": np.array(log["action"], dtype=int),
        "pscore": np.array(log["pscore"], dtype=float),
        # One position: an axis of length 1 at the end.
        "action_dist": np.array(log["action_dist"], dtype=float)[:, :, np.newaxis],
        "estimated_rewards_by_reg_model": np.array(log["estimated_rewards"], dtype=float)[:, :, np.newaxis],
        "position": np.zeros(len(log["reward"]), dtype=int),
    }
    result = {}
    for name, estimator in ESTIMATORS.items():
        interval = estimator.estimate_interval(alpha=0.05, n_bootstrap_samples=10000, random_state=1, **rounds)
        result[name] = {
            "value": float(estimator.estimate_policy_value(**rounds)),
            "low": float(interval["95.0% CI (lower)"]),
            "high": float(interval["95.0% CI (upper)"]),
        }
    return result


logs = json.load(sys.stdin)
json.dump(
    {
        "library": f"obp {obp.__version__}, numpy {np.__version__}",
        "figures": {name: figures(log) for name, log in logs.items()},
    },
    sys.stdout,
)
