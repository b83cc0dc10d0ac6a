# What the bot may do, and what RDS may do for it. The documents are beside this folder, with placeholders.

locals {
  placeholders = {
    region             = var.region
    account            = data.aws_caller_identity.current.account_id
    export_bucket      = var.export_bucket
    export_prefix      = var.export_prefix
    export_kms_key_arn = var.export_kms_key_arn
    export_role_arn    = aws_iam_role.export.arn
    latest_bucket      = var.latest_bucket
    latest_prefix      = var.latest_prefix
    latest_kms_key_arn = coalesce(var.latest_kms_key_arn, var.export_kms_key_arn)
    glue_names         = var.glue_names
    glue_databases     = var.glue_databases
    runs_table         = local.tables["export_task"].TableName
    state_table        = local.tables["pk"].TableName
    queue              = aws_sqs_queue.bot.name
    topic              = aws_sns_topic.rds.name
  }

  export_role = jsondecode(templatefile("${path.module}/../export-role.json", {
    account       = data.aws_caller_identity.current.account_id
    export_bucket = var.export_bucket
  }))
}

resource "aws_iam_role" "export" {
  name               = "${var.name}-export"
  assume_role_policy = jsonencode(local.export_role.trust)
}

resource "aws_iam_role_policy" "export" {
  name   = "export"
  role   = aws_iam_role.export.id
  policy = jsonencode(local.export_role.permissions)
}

# Attach it to the role under which the bot's container runs.
resource "aws_iam_policy" "bot" {
  name   = var.name
  policy = templatefile("${path.module}/../iam-policy.json", local.placeholders)
}

# What `datalake-bot audit` reads: attach it to those who check the log, not to the bot's role.
resource "aws_iam_policy" "audit" {
  name   = "${var.name}-audit"
  policy = templatefile("${path.module}/../audit-policy.json", local.placeholders)
}

# What `datalake-bot doctor` reads beyond that: attach it to the same role, or to those who run the doctor.
resource "aws_iam_policy" "doctor" {
  name   = "${var.name}-doctor"
  policy = templatefile("${path.module}/../doctor-policy.json", local.placeholders)
}
