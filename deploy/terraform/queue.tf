# The queue through which AWS's events and the bot's own wake-ups come. What the bot cannot follow stays in it, comes again
# after 5 seconds, 10, and so on up to 5 minutes, and goes to the dead-letter queue in the end, where it is kept for two
# weeks. For how long a message is hidden the bot says itself, with each receive.

resource "aws_sqs_queue" "dead" {
  name                      = "${var.name}-dead"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}

resource "aws_sqs_queue" "bot" {
  name                      = var.name
  message_retention_seconds = 345600
  receive_wait_time_seconds = 20
  sqs_managed_sse_enabled   = true

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead.arn
    maxReceiveCount     = 10
  })
}

data "aws_iam_policy_document" "queue" {
  statement {
    sid       = "EventsOfRds"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.bot.arn]

    principals {
      type        = "Service"
      identifiers = ["sns.amazonaws.com"]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_sns_topic.rds.arn]
    }
  }

  statement {
    sid       = "EventsOfGlue"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.bot.arn]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_cloudwatch_event_rule.glue.arn]
    }
  }
}

resource "aws_sqs_queue_policy" "bot" {
  queue_url = aws_sqs_queue.bot.id
  policy    = data.aws_iam_policy_document.queue.json
}
