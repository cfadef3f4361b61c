output "arn" {
  description = "The policy's ARN."
  value       = aws_iam_policy.function.arn
}

output "name" {
  description = "The policy's name."
  value       = aws_iam_policy.function.name
}

output "json" {
  description = "The policy's document."
  value       = aws_iam_policy.function.policy
}

output "path" {
  description = "The policy's path."
  value       = aws_iam_policy.function.path
}

output "tags" {
  description = "The policy's tags."
  value       = aws_iam_policy.function.tags
}
