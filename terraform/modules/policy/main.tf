# One policy for one Lambda function: its data actions, and writing its own log.

locals {
  data_statements = [
    for statement in var.statements : merge(
      {
        Sid      = statement.sid
        Effect   = "Allow"
        Action   = statement.actions
        Resource = statement.resources
      },
      length(statement.condition) > 0 ? { Condition = statement.condition } : {},
    )
  ]

  log_statements = [{
    Sid      = "WriteOwnLog"
    Effect   = "Allow"
    Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    Resource = ["${var.log_group_arn}:*"]
  }]

  # X-Ray has no resources to name: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
  tracing_statements = var.tracing ? [{
    Sid      = "SendTraces"
    Effect   = "Allow"
    Action   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
    Resource = ["*"]
  }] : []
}

resource "aws_iam_policy" "function" {
  name        = var.name
  path        = var.path
  description = var.description
  tags        = var.tags

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = concat(local.data_statements, local.log_statements, local.tracing_statements)
  })

  # IAM cannot change a description, and a second policy of the same name cannot be created before the first is gone.
  lifecycle {
    ignore_changes = [description]
  }
}
