"""The programs that are measured: how each is called to make one prefix what another is."""

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

BUCKET, SOURCE, TARGET = "lake", "raw/shop-a1", "latest/shop"
FROM, TO = f"s3://{BUCKET}/{SOURCE}", f"s3://{BUCKET}/{TARGET}"

# For the aws-cli, which can be tuned by a file alone.
AWS_TUNED = """[default]
s3 =
  max_concurrent_requests = 100
  max_queue_size = 10000
  multipart_threshold = 256MB
  multipart_chunksize = 64MB
"""


@dataclass
class Peer:
    name: str
    command: list
    environment: dict = field(default_factory=dict)

    @property
    def missing(self):
        """Why it cannot be run; empty if it can."""
        program = self.command[0]
        return "" if shutil.which(program) else f"{program} is not there"


def peers(tools: Path, bot: Path, endpoint: str):
    """Every peer, the bot first."""
    python, rust = tools / "python" / "bin", tools / "rust" / "release"
    rclone = [str(tools / "debian" / "usr" / "bin" / "rclone"), "sync", f"lake:{BUCKET}/{SOURCE}", f"lake:{BUCKET}/{TARGET}"]
    rclone += ["--exclude", "/export_*"]
    aws = [str(python / "aws"), "s3", "sync", FROM, TO, "--delete", "--only-show-errors", "--exclude", "export_*"]
    tuned = tools / "aws-tuned.ini"
    tuned.write_text(AWS_TUNED)
    plain = lambda in_flight: [str(rust / "plain-loop"), "copy", str(in_flight), BUCKET, f"{SOURCE}/", f"{TARGET}/"]
    return [
        Peer("datalake-bot", [str(bot), "publish", "--from", FROM, "--to", TO]),
        Peer("aws-sdk-s3 loop, 256 in flight", plain(256)),
        Peer("aws-sdk-s3 loop, 96 in flight", plain(96)),
        Peer("boto3, 64 threads", [str(python / "python"), str(Path(__file__).with_name("threads.py")), endpoint, BUCKET, f"{SOURCE}/", f"{TARGET}/"]),
        Peer("s5cmd", [str(python / "s5cmd"), "--log", "error", "sync", "--delete", "--exclude", "export_*", f"{FROM}/*", f"{TO}/"], {"S3_ENDPOINT_URL": endpoint}),
        Peer("rclone", rclone),
        Peer("rclone, tuned", [*rclone, "--transfers", "256", "--checkers", "256", "--fast-list", "--update", "--use-server-modtime", "--s3-copy-cutoff", "256M", "--s3-upload-concurrency", "64"]),
        Peer("aws-cli", aws),
        Peer("aws-cli, tuned", aws, {"AWS_CONFIG_FILE": str(tuned)}),
    ]


def lister(tools: Path):
    """What lists the source and does nothing else."""
    return Peer("a plain listing", [str(tools / "rust" / "release" / "plain-loop"), "list", BUCKET, f"{SOURCE}/"])


def environment(endpoint: str):
    """Environment of every peer: nothing of this machine's, but where programs are."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "RCLONE_CONFIG": "",
        "RCLONE_CONFIG_LAKE_TYPE": "s3",
        "RCLONE_CONFIG_LAKE_PROVIDER": "Other",
        "RCLONE_CONFIG_LAKE_LIST_VERSION": "2",
        "RCLONE_CONFIG_LAKE_ENV_AUTH": "true",
        "RCLONE_CONFIG_LAKE_REGION": "eu-west-1",
        "RCLONE_CONFIG_LAKE_ENDPOINT": endpoint,
        "RCLONE_CONFIG_LAKE_NO_CHECK_BUCKET": "true",
        # It would take ETags for digests otherwise, and fail where objects are encrypted.
        "RCLONE_CONFIG_LAKE_SERVER_SIDE_ENCRYPTION": "aws:kms",
    }
