output "arn" {
  description = "The policy's ARN."
  value       = aws_iam_policy.function.arn
}

output "json" {
  description = "The policy's document."
  value       = aws_iam_policy.function.policy
}
