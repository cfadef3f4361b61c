output "result" {
  description = "The attacher's answer: pool, trigger and hash of the pool's description; null where nothing is attached."
  value       = one([for invocation in aws_lambda_invocation.trigger : jsondecode(invocation.result)])
}

output "attacher_policy_json" {
  description = "The attacher's policy document on the pool; null where nothing is attached."
  value       = one([for policy in aws_iam_role_policy.attacher : policy.policy])
}
