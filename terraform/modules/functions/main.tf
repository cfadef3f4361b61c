# Lambda functions from zips, each with a log group: one that is there already, or one that is destroyed with it.

locals {
  own_log_groups = { for key, function in var.functions : key => function if function.log_group == null }

  # Where each function logs. One that is made here is named through the resource, so that it comes first.
  log_groups = {
    for key, function in var.functions :
    key => function.log_group == null ? aws_cloudwatch_log_group.function[key].name : function.log_group
  }
}

resource "aws_cloudwatch_log_group" "function" {
  for_each = local.own_log_groups

  name              = "/aws/lambda/${each.value.name}"
  retention_in_days = var.settings.log_retention_days
  kms_key_id        = var.settings.log_kms_key_arn
  tags              = var.settings.tags
}

resource "aws_lambda_function" "function" {
  for_each = var.functions

  function_name                  = each.value.name
  description                    = each.value.description
  role                           = each.value.role_arn
  runtime                        = var.settings.runtime
  architectures                  = [var.settings.architecture]
  handler                        = each.value.handler
  filename                       = each.value.code.file
  s3_bucket                      = each.value.code.bucket
  s3_key                         = each.value.code.key
  source_code_hash               = each.value.code.hash
  memory_size                    = each.value.memory_size
  timeout                        = each.value.timeout
  reserved_concurrent_executions = each.value.reserved_concurrency
  kms_key_arn                    = var.settings.kms_key_arn
  tags                           = var.settings.tags

  dynamic "environment" {
    for_each = length(each.value.environment) > 0 ? [each.value.environment] : []

    content {
      variables = environment.value
    }
  }

  # The group is always named: one that was left out again would stay in use. Without a group of ours, Lambda would make
  # one itself, without retention, and Terraform would leave it behind.
  logging_config {
    log_format = "Text"
    log_group  = local.log_groups[each.key]
  }

  dynamic "vpc_config" {
    for_each = each.value.vpc == null ? [] : [each.value.vpc]

    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  tracing_config {
    mode = var.settings.tracing_mode
  }

  # A pool may call the function: one with a new name must work before the old one goes. Terraform extends this to all
  # that the function depends on (log group, role, policy, table), so none of their names may be used twice.
  lifecycle {
    create_before_destroy = true
  }
}
