output "environment" {
  description = "The settings of applications and of usermgr's tools, as the environment variables that they read; all except SECRET, because no secret enters Terraform."
  value = tomap(merge(
    {
      ACCOUNT_ID               = local.account_id
      AWS_REGION               = local.region
      DYNAMODB_ACTIVITY_POLICY = local.policy_name
      DYNAMODB_NAME            = module.table.name
      LAMBDA_NAME_ACTIVITY     = local.names.activity
      LAMBDA_NAME_DOWNLOAD     = local.names.download_jwks
      LAMBDA_NAME_TRIGGER      = local.names.trigger
      LAMBDA_NAME_USERMGR      = local.names.usermgr
      ROLE                     = local.role_name
      USERPOOL_ID              = var.user_pool_id
    },
    var.client_id == null ? {} : { CLIENT_ID = var.client_id },
  ))
}

output "caller_policy_json" {
  description = "A least-privilege policy for an application that manages users through the function. Whoever may invoke the function can administer the pool's users."
  value = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "ManageUsers"
      Effect   = "Allow"
      Action   = ["lambda:InvokeFunction"]
      Resource = [module.functions.arns["usermgr"]]
    }]
  })
}

output "jwks_caller_policy_json" {
  description = "A least-privilege policy for a verifier that gets the pool's JWKS through the function."
  value = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "DownloadJwks"
      Effect   = "Allow"
      Action   = ["lambda:InvokeFunction"]
      Resource = [module.functions.arns["download_jwks"]]
    }]
  })
}

output "activity_reader_policy_json" {
  description = "A least-privilege policy for readers of the activity table; with table_kms_key_arn, it also allows the use of that key, through DynamoDB only."
  value = jsonencode({
    Version = "2012-10-17"
    Statement = concat(local.table_key_documents, [{
      Sid      = "ReadActivity"
      Effect   = "Allow"
      Action   = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"]
      Resource = [module.table.arn, module.table.index_arn]
    }])
  })
}

output "activity_forget_policy_json" {
  description = "A least-privilege policy for whoever forgets people: it reads and deletes rows of the activity table, and does not write any; with table_kms_key_arn, it also allows the use of that key, through DynamoDB only."
  value = jsonencode({
    Version = "2012-10-17"
    Statement = concat(local.table_key_documents, [{
      Sid      = "ForgetActivity"
      Effect   = "Allow"
      Action   = ["dynamodb:BatchGetItem", "dynamodb:DeleteItem"]
      Resource = [module.table.arn]
    }])
  })
}

output "function_arns" {
  description = "The functions' ARNs by key: usermgr, download_jwks, activity (the recorder) and, with attach_trigger, trigger (the attacher)."
  value       = merge(module.functions.arns, module.recorder.arns, module.attacher.arns)
}

output "function_names" {
  description = "The functions' names, by the same keys."
  value       = merge(module.functions.names, module.recorder.names, module.attacher.names)
}

output "log_group_names" {
  description = "The names of the functions' log groups, by the same keys."
  value       = merge(module.functions.log_group_names, module.recorder.log_group_names, module.attacher.log_group_names)
}

output "alarm_names" {
  description = "The names of the alarms on the recorder's errors and throttles."
  value       = [for alarm in aws_cloudwatch_metric_alarm.recorder : alarm.alarm_name]
}

output "recorder_arn" {
  description = "The recorder's ARN, for the lambda_config of a pool that Terraform owns."
  value       = module.recorder.arns["activity"]
}

output "role_arns" {
  description = "The ARNs of the functions' roles, by the same keys."
  value       = merge({ for key, role in module.role : key => role.arn }, { activity = module.recorder_role.arn })
}

output "policy_documents" {
  description = "The functions' policy documents, by the same keys; trigger_on_pool is the attacher's policy on the pool."
  value = merge(
    { for key, policy in module.policy : key => policy.json },
    { activity = module.recorder_policy.json },
    var.attach_trigger ? { trigger_on_pool = module.trigger.attacher_policy_json } : {},
  )
}

output "table_name" {
  description = "The activity table's name."
  value       = module.table.name
}

output "table_arn" {
  description = "The activity table's ARN."
  value       = module.table.arn
}

output "trigger" {
  description = "The attacher's answer: user_pool_id, trigger_arn, the hash of the pool's description, and the stack that owns the pool, if CloudFormation does; null where nothing is attached."
  value       = module.trigger.result
}
