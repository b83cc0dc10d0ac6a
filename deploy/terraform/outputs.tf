# What goes into the bot's configuration, and the policy to attach to its role.

output "queue_url" {
  value = aws_sqs_queue.bot.id
}

output "sns_topics" {
  value = [aws_sns_topic.rds.arn]
}

output "export_role_arn" {
  value = aws_iam_role.export.arn
}

output "policy_arn" {
  value = aws_iam_policy.bot.arn
}
