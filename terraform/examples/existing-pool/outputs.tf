output "environment" {
  description = "The settings of an application, as environment variables; SECRET is not among them."
  value       = module.usermgr.environment
}

output "caller_policy_json" {
  description = "A least-privilege policy for an application that manages users through the function."
  value       = module.usermgr.caller_policy_json
}
