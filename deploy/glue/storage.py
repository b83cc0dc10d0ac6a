"""Folders and small files, through the file systems that Spark has: `s3://` in Glue, `file://` anywhere."""

from __future__ import annotations

import re
from typing import Iterator

from pyspark.sql import SparkSession

# What Hadoop takes for a pattern; names of databases and tables may have it.
PATTERN = re.compile(r"([\\{}\[\]*?])")


class Storage:
    """Reads, lists and removes. A URL is a text without a slash at its end."""

    def __init__(self, spark: SparkSession) -> None:
        self._jvm = spark.sparkContext._jvm
        self._configuration = spark.sparkContext._jsc.hadoopConfiguration()

    def read(self, url: str) -> bytes | None:
        """Returns what a file has; `None` if it is not there."""
        path, system = self._at(url)
        if not system.exists(path):
            return None
        stream = system.open(path)
        try:
            return bytes(self._jvm.org.apache.commons.io.IOUtils.toByteArray(stream))
        finally:
            stream.close()

    def write(self, url: str, content: bytes) -> None:
        """Writes a file, in place of one that is there."""
        path, system = self._at(url)
        stream = system.create(path, True)
        try:
            stream.write(content)
        finally:
            stream.close()

    def folders(self, url: str) -> list[str]:
        """Returns the names of the folders in a folder, sorted."""
        return [it.getPath().getName() for it in self._entries(url) if it.isDirectory()]

    def files(self, url: str) -> list[str]:
        """Returns the names of the files in a folder, sorted."""
        return [it.getPath().getName() for it in self._entries(url) if it.isFile()]

    def names_below(self, url: str) -> Iterator[str]:
        """Yields the names of all files below a folder, however deep."""
        path, system = self._at(url)
        found = system.listFiles(path, True)
        while found.hasNext():
            yield found.next().getPath().getName()

    def remove(self, url: str) -> None:
        """Removes a folder with all that is in it."""
        path, system = self._at(url)
        system.delete(path, True)

    def remove_if_empty(self, url: str) -> None:
        """Removes a folder that has nothing in it. (S3 has no such folders.)"""
        path, system = self._at(url)
        if system.exists(path) and not system.listStatus(path):
            system.delete(path, False)

    def _entries(self, url: str) -> list:
        path, system = self._at(url)
        if not system.exists(path):
            return []
        return sorted(system.listStatus(path), key=lambda it: it.getPath().getName())

    def _at(self, url: str) -> tuple:
        path = self._jvm.org.apache.hadoop.fs.Path(url)
        return path, path.getFileSystem(self._configuration)


def literal(url: str) -> str:
    """Returns a URL that Spark reads as it stands, whatever it looks like."""
    return PATTERN.sub(r"\\\1", url)
