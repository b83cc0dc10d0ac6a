"""Tests of the Glue job in `deploy/glue`, with Spark itself on real Parquet: `make glue`."""
