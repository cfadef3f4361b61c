output "result" {
  description = "The attacher's answer: pool, trigger, hash of the pool's description, and the CloudFormation stack that owns the pool, if one does; null where nothing is attached."
  value       = one([for invocation in aws_lambda_invocation.trigger : jsondecode(invocation.result)])

  precondition {
    condition     = alltrue([for id, before in local.restored_before : before == null || try(before == local.replaced[id], false)])
    error_message = "nothing was changed: the trigger that destroy restores would be forgotten: it was given after the first apply, or the state was lost.\n  Set replaces = ${join("", [for before in local.restored_before : "{ arn = \"${before.arn}\", version = \"${before.version}\" }" if before != null])} again, and, to have Terraform keep it, run once (put module.NAME. before the address where usermgr is a module of yours):\n  terraform apply -replace='module.trigger.terraform_data.replaced[\"${var.user_pool_id}\"]'"
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

output "attachment" {
  description = "What the attacher is asked: pool, trigger, version, replaces and grants; null where nothing is attached."
  value       = one([for invocation in aws_lambda_invocation.trigger : jsondecode(invocation.input)])
}

output "attacher_policy_json" {
  description = "The attacher's policy document on the pool; null where nothing is attached."
  value       = one([for policy in aws_iam_role_policy.attacher : policy.policy])
}
