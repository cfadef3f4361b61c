output "names" {
  description = "The functions' names by key."
  value       = { for key, function in aws_lambda_function.function : key => function.function_name }
}

output "arns" {
  description = "The functions' ARNs by key."
  value       = { for key, function in aws_lambda_function.function : key => function.arn }
}

output "log_group_names" {
  description = "The names of the functions' log groups by key, whoever made them."
  value       = local.log_groups
}

output "log_groups" {
  description = "The log groups that were made here, by key: name, days of retention, KMS key and tags."
  value = {
    for key, group in aws_cloudwatch_log_group.function : key => {
      name           = group.name
      retention_days = group.retention_in_days
      kms_key_arn    = group.kms_key_id
      tags           = group.tags
    }
  }
}

output "configurations" {
  description = "How each function is configured, by key."
  value = {
    for key, function in aws_lambda_function.function : key => {
      description          = function.description
      role_arn             = function.role
      runtime              = function.runtime
      architecture         = one(function.architectures)
      handler              = function.handler
      code                 = { file = function.filename, bucket = function.s3_bucket, key = function.s3_key, hash = function.source_code_hash }
      environment          = try(one(function.environment).variables, {})
      kms_key_arn          = function.kms_key_arn
      memory_size          = function.memory_size
      timeout              = function.timeout
      reserved_concurrency = function.reserved_concurrent_executions
      tracing_mode         = one(function.tracing_config).mode
      log_group            = one(function.logging_config).log_group
      vpc                  = one([for vpc in function.vpc_config : { subnet_ids = vpc.subnet_ids, security_group_ids = vpc.security_group_ids }])
      tags                 = function.tags
    }
  }
}
