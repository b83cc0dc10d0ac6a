# What AWS tells the bot. Every event is a hint only, and a lost one costs one period of the reconciler.

resource "aws_sns_topic" "rds" {
  name = "${var.name}-rds-events"
  # SHA-256; a topic begins with SHA-1.
  signature_version = 2
}

data "aws_iam_policy_document" "topic" {
  statement {
    sid       = "EventsOfRds"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.rds.arn]

    principals {
      type        = "Service"
      identifiers = ["events.rds.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

resource "aws_sns_topic_policy" "rds" {
  arn    = aws_sns_topic.rds.arn
  policy = data.aws_iam_policy_document.topic.json
}

# RDS names the categories differently for instances and for Aurora. "notification" brings the ends of exports.
resource "aws_db_event_subscription" "snapshots" {
  for_each = {
    db-snapshot         = ["creation", "notification"]
    db-cluster-snapshot = ["backup", "notification"]
  }

  name             = "${var.name}-${each.key}"
  sns_topic        = aws_sns_topic.rds.arn
  source_type      = each.key
  event_categories = each.value

  depends_on = [aws_sns_topic_policy.rds]
}

# Without raw delivery: the envelope says from which topic a message comes.
resource "aws_sns_topic_subscription" "queue" {
  topic_arn = aws_sns_topic.rds.arn
  protocol  = "sqs"
  endpoint  = aws_sqs_queue.bot.arn
}

# Over HTTPS as well, if it is wanted: the bot confirms it, and takes a message that comes twice once.
resource "aws_sns_topic_subscription" "door" {
  count = var.sns_endpoint == null ? 0 : 1

  topic_arn              = aws_sns_topic.rds.arn
  protocol               = "https"
  endpoint               = var.sns_endpoint
  endpoint_auto_confirms = true

  delivery_policy = jsonencode({
    healthyRetryPolicy = { minDelayTarget = 20, maxDelayTarget = 300, numRetries = 15 }
  })
}

resource "aws_cloudwatch_event_rule" "glue" {
  name        = "${var.name}-glue"
  description = "Ends of Glue jobs and crawls, for the data lake's bot"

  event_pattern = jsonencode({
    source      = ["aws.glue"]
    detail-type = ["Glue Job State Change", "Glue Crawler State Change"]
  })
}

resource "aws_cloudwatch_event_target" "queue" {
  rule = aws_cloudwatch_event_rule.glue.name
  arn  = aws_sqs_queue.bot.arn
}
