"""Times SetSimilaritySearch and datasketch on the sets and queries in one JSON file; writes results to another.

The answers are similarities, at most k each, the best first, so that the caller can compute the recall.
"""
import json
import sys
import time

with open(sys.argv[1]) as file:
    task = json.load(file)
sets, queries, floor, k = task["sets"], task["queries"], task["floor"], task["k"]


def jaccard(a, b):
    shared = len(a & b)
    return shared / (len(a) + len(b) - shared)


def measured(search):
    for query in queries[:5]:
        search(query)
    times, answers = [], []
    for query in queries:
        start = time.perf_counter()
        answer = search(query)
        times.append((time.perf_counter() - start) * 1000)
        answers.append(answer)
    return {"times": times, "answers": answers}


def exact():
    from SetSimilaritySearch import SearchIndex

    index = SearchIndex(sets, similarity_func_name="jaccard", similarity_threshold=floor)
    return measured(lambda query: sorted((s for _, s in index.query(query)), reverse=True)[:k])


def sketched():
    from datasketch import MinHash, MinHashLSH

    def sketch(tokens):
        minhash = MinHash(num_perm=128, seed=1)
        minhash.update_batch([token.encode() for token in tokens])
        return minhash

    index = MinHashLSH(threshold=floor, num_perm=128)
    stored = [frozenset(tokens) for tokens in sets]
    for i, tokens in enumerate(sets):
        index.insert(i, sketch(tokens))

    def search(query):
        own = frozenset(query)
        found = (jaccard(own, stored[i]) for i in index.query(sketch(query)))
        return sorted((s for s in found if s >= floor), reverse=True)[:k]

    return measured(search)


results = {}
for name, run in (("SetSimilaritySearch", exact), ("datasketch", sketched)):
    try:
        results[name] = run()
    except ImportError as error:
        results[name] = {"skipped": str(error)}
with open(sys.argv[2], "w") as file:
    json.dump(results, file)
