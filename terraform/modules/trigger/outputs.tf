output "result" {
  description = "The attacher's answer: pool, trigger and hash of the pool's description; null where nothing is attached."
  value = one([
    for invocation in aws_lambda_invocation.trigger :
    { for name in ["user_pool_id", "trigger_arn", "hash"] : name => jsondecode(invocation.result)[name] }
  ])

  precondition {
    condition = alltrue([
      for id, invocation in aws_lambda_invocation.trigger :
      try(jsondecode(invocation.result).replaces, null) == null || try(jsondecode(invocation.result).replaces == local.replaced[id], false)
    ])
    error_message = "The trigger that destroy restores would be forgotten, because it was given after the first apply: give the variable replaces that trigger again (${join(", ", [for i in aws_lambda_invocation.trigger : try(jsonencode(jsondecode(i.result).replaces), "")])}), and to have Terraform keep it, run terraform apply -replace=ADDRESS with the address of terraform_data.replaced."
  }
}

output "attacher_environment" {
  description = "The environment variables of the attacher: the function that it attaches, and what it restores; empty where nothing is attached."
  value = merge(
    var.attach ? { TRIGGER_ARN = var.recorder_arn } : {},
    [
      for replaced in local.replaced :
      { REPLACED_TRIGGER_ARN = replaced.arn, REPLACED_TRIGGER_VERSION = replaced.version } if replaced != null
    ]...
  )
}

output "attacher_policy_json" {
  description = "The attacher's policy document on the pool; null where nothing is attached."
  value       = one([for policy in aws_iam_role_policy.attacher : policy.policy])
}
