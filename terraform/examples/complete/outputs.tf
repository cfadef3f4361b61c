output "environment" {
  description = "The settings of an application, as environment variables."
  value       = module.usermgr.environment
}

output "user_pool_arn" {
  description = "The ARN of the pool."
  value       = aws_cognito_user_pool.people.arn
}
