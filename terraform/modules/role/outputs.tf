output "name" {
  description = "The role's name."
  value       = aws_iam_role.function.name
}

output "arn" {
  description = "The role's ARN, known as soon as its policies are attached."
  value       = aws_iam_role.function.arn
  depends_on  = [aws_iam_role_policy_attachment.policy]
}

output "path" {
  description = "The role's path."
  value       = aws_iam_role.function.path
}

output "boundary" {
  description = "The ARN of the role's permissions boundary; null for none."
  value       = aws_iam_role.function.permissions_boundary
}

output "tags" {
  description = "The role's tags."
  value       = aws_iam_role.function.tags
}
