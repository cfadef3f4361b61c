output "environment" {
  description = "The settings of the application, as environment variables; USERMGR_BACKEND=lambda comes beside them."
  value       = module.usermgr.environment
}

output "caller_policy_json" {
  description = "The policy for the application's role: it may invoke the management function, and nothing else."
  value       = module.usermgr.caller_policy_json
}

output "activity_reader_policy_json" {
  description = "The policy for the role of whoever reads activity, such as the application."
  value       = module.usermgr.activity_reader_policy_json
}

output "jwks_caller_policy_json" {
  description = "The policy for the role that downloads the JWKS."
  value       = module.usermgr.jwks_caller_policy_json
}

output "subnet_ids" {
  description = "The subnets of the application."
  value       = [for subnet in aws_subnet.private : subnet.id]
}

output "security_group_id" {
  description = "The security group of the application."
  value       = aws_security_group.application.id
}
