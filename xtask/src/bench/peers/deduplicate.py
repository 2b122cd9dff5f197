"""Deduplicates a JSON Lines file of texts: exactly with Hugging Face's datasets, nearly with datatrove.

Takes a JSON object with `task` (exact or near), `input`, `output` (a file, or a folder) and `work` (an empty folder);
prints one with the seconds that it took, imports left out, and the rows that stayed.
"""

import json
import sys
import time
from pathlib import Path


def exact(options):
    import xxhash
    from datasets import disable_progress_bars, load_dataset

    disable_progress_bars()
    started = time.perf_counter()
    rows = load_dataset("json", data_files=options["input"], split="train", cache_dir=options["work"])
    seen = set()

    def is_new(texts):
        fresh = []
        for text in texts:
            digest = xxhash.xxh128_digest(text.encode())
            fresh.append(digest not in seen)
            seen.add(digest)
        return fresh

    kept = rows.filter(is_new, input_columns="text", batched=True)
    kept.to_json(options["output"], force_ascii=False)
    return time.perf_counter() - started, len(kept)


def near(options):
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.dedup import (
        MinhashDedupBuckets,
        MinhashDedupCluster,
        MinhashDedupFilter,
        MinhashDedupSignature,
    )
    from datatrove.pipeline.dedup.minhash import MinhashConfig
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.writers import JsonlWriter
    from datatrove.utils.hashing import HashConfig
    from datatrove.utils.logging import logger

    logger.remove()
    work = Path(options["work"])
    config = MinhashConfig(hash_config=HashConfig(precision=64), n_grams=3, num_buckets=20, hashes_per_bucket=6)
    source = Path(options["input"])

    def reader():
        return JsonlReader(str(source.parent), glob_pattern=source.name, id_key="id")

    signatures, buckets, removed = work / "signatures", work / "buckets", work / "removed"
    stages = [
        ([reader(), MinhashDedupSignature(str(signatures), config=config)], 1),
        ([MinhashDedupBuckets(str(signatures), str(buckets), config=config)], config.num_buckets),
        ([MinhashDedupCluster(str(buckets), str(removed), config=config)], 1),
        ([reader(), MinhashDedupFilter(str(removed)), JsonlWriter(options["output"], compression=None)], 1),
    ]
    started = time.perf_counter()
    for number, (pipeline, tasks) in enumerate(stages):
        LocalPipelineExecutor(pipeline, tasks=tasks, workers=2, logging_dir=str(work / f"log{number}")).run()
    seconds = time.perf_counter() - started
    kept = sum(1 for file in Path(options["output"]).glob("*.jsonl") for _ in file.open())
    return seconds, kept


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    seconds, kept = {"exact": exact, "near": near}[asked["task"]](asked)
    print(json.dumps({"seconds": seconds, "kept": kept}))
