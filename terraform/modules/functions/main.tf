# Lambda functions from zips, each with a log group that is destroyed with it.

resource "aws_cloudwatch_log_group" "function" {
  for_each = var.functions

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

  tracing_config {
    mode = var.settings.tracing_mode
  }

  # Otherwise Lambda would make the group itself, without retention, and Terraform would leave it behind.
  depends_on = [aws_cloudwatch_log_group.function]

  # A pool may call the function: one with a new name must work before the old one goes. Terraform extends this to all
  # that the function depends on (log group, role, policy, table), so none of their names may be used twice.
  lifecycle {
    create_before_destroy = true
  }
}
