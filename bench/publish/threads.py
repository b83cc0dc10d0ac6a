"""What a Python programmer writes in an hour: boto3, and 64 threads that copy.

Called with ENDPOINT BUCKET FROM/ TO/.
"""

import sys
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config

THREADS = 64
DELETED_AT_ONCE = 1000


def names(s3, bucket, prefix):
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [it["Key"].removeprefix(prefix) for page in pages for it in page.get("Contents", [])]


def main(endpoint, bucket, source, target):
    s3 = boto3.client("s3", endpoint_url=endpoint, config=Config(max_pool_connections=THREADS))
    wanted = [it for it in names(s3, bucket, source) if "/" in it]

    def copy(name):
        s3.copy_object(Bucket=bucket, Key=target + name, CopySource={"Bucket": bucket, "Key": source + name})

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(copy, wanted))
    stale = sorted(set(names(s3, bucket, target)) - set(wanted))
    for start in range(0, len(stale), DELETED_AT_ONCE):
        keys = [{"Key": target + it} for it in stale[start : start + DELETED_AT_ONCE]]
        s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})


main(*sys.argv[1:])
