# A safety net below the bot's own cleaning, which is `retention` in its configuration: what it could not remove, because it
# was not running or a source was taken out, ends by itself, long after nobody needs it. A bucket has one set of rules:
# leave this off where the buckets have rules already, and add these to them.

locals {
  lifecycle_buckets = var.lifecycle_rules ? toset([var.export_bucket, var.latest_bucket]) : toset([])
}

resource "aws_s3_bucket_lifecycle_configuration" "lake" {
  for_each = local.lifecycle_buckets
  bucket   = each.key

  # Copies of large objects that were cut off in the middle. A copy takes hours at the most.
  rule {
    id     = "abort-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 3
    }
  }

  # Exports alone: below `latest` nothing ever expires by age. Far later than any `grace`.
  dynamic "rule" {
    for_each = each.key == var.export_bucket ? ["exports"] : []

    content {
      id     = "expire-exports"
      status = "Enabled"

      filter {
        prefix = "${var.export_prefix}/"
      }

      expiration {
        days = var.export_expiration_days
      }
    }
  }

  # In a bucket with versions, what was removed or replaced stays as a noncurrent version.
  rule {
    id     = "expire-noncurrent"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = 14
    }

    expiration {
      expired_object_delete_marker = true
    }
  }
}
