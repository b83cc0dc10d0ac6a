# The jobs of ../glue, one for each layer of a source, if `glue_jobs` names any: job, script and a role of its own.
# Each role writes to its own layer only, and only those of Normal layers may read the key of the hashes.

locals {
  scripts = fileset("${path.module}/../glue", "*.py")
  modules = setsubtract(local.scripts, ["split.py"])
  # The folder's name changes with the scripts: a job run never gets some of one version and some of another.
  scripts_folder = "glue/${sha256(join("", [for it in local.scripts : filesha256("${path.module}/../glue/${it}")]))}"
}

resource "aws_s3_object" "script" {
  for_each = length(var.glue_jobs) > 0 ? local.scripts : []

  bucket = var.latest_bucket
  key    = "${local.scripts_folder}/${each.key}"
  source = "${path.module}/../glue/${each.key}"

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_glue_job" "layer" {
  for_each = var.glue_jobs

  name              = each.key
  role_arn          = aws_iam_role.layer[each.key].arn
  glue_version      = "5.0"
  worker_type       = each.value.worker_type
  number_of_workers = each.value.workers
  timeout           = each.value.timeout_minutes
  # The bot retries, and says so.
  max_retries = 0

  command {
    name            = "glueetl"
    python_version  = "3"
    script_location = "s3://${var.latest_bucket}/${aws_s3_object.script["split.py"].key}"
  }

  execution_property {
    max_concurrent_runs = 1
  }

  default_arguments = merge(
    {
      "--extra-py-files" = join(",", [for it in local.modules : "s3://${var.latest_bucket}/${aws_s3_object.script[it].key}"])
      "--enable-metrics" = "true"
    },
    each.value.hash_key_secret_arn == null ? {} : { "--hash_key_secret" = each.value.hash_key_secret_arn },
  )
}

resource "aws_iam_role" "layer" {
  for_each = var.glue_jobs

  name = "${var.name}-job-${each.key}"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "glue.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy" "layer" {
  for_each = var.glue_jobs

  name   = "layer"
  role   = aws_iam_role.layer[each.key].id
  policy = data.aws_iam_policy_document.layer[each.key].json
}

data "aws_iam_policy_document" "layer" {
  for_each = var.glue_jobs

  # Of the export itself only the status files: all rows are read from `latest/`. Unless nothing is copied there.
  statement {
    actions = ["s3:GetObject"]
    resources = [
      "arn:aws:s3:::${var.latest_bucket}/${var.latest_prefix}/*",
      "arn:aws:s3:::${var.latest_bucket}/classification/*",
      "arn:aws:s3:::${var.latest_bucket}/glue/*",
      "arn:aws:s3:::${var.export_bucket}/${var.export_prefix}/*${each.value.publish == "pointer" ? "" : "/export_tables_info_*"}",
    ]
  }

  statement {
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
    resources = ["arn:aws:s3:::${each.value.output_bucket}/${each.value.output_prefix}/*"]
  }

  statement {
    actions = ["s3:ListBucket", "s3:GetBucketLocation"]
    resources = distinct([
      for it in [var.latest_bucket, var.export_bucket, each.value.output_bucket] : "arn:aws:s3:::${it}"
    ])
  }

  statement {
    actions   = ["kms:Decrypt"]
    resources = distinct([var.export_kms_key_arn, coalesce(var.latest_kms_key_arn, var.export_kms_key_arn)])
  }

  statement {
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [coalesce(each.value.output_kms_key_arn, var.latest_kms_key_arn, var.export_kms_key_arn)]
  }

  statement {
    actions   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["arn:aws:logs:${var.region}:${data.aws_caller_identity.current.account_id}:log-group:/aws-glue/*"]
  }

  statement {
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]
    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = ["Glue"]
    }
  }

  dynamic "statement" {
    for_each = each.value.hash_key_secret_arn == null ? [] : [each.value.hash_key_secret_arn]
    content {
      actions   = ["secretsmanager:GetSecretValue"]
      resources = [statement.value]
    }
  }
}
