# One policy for one Lambda function: its data actions, writing its own log and, in a VPC, its network interfaces.

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

  # Lambda makes a function's network interfaces with the function's role; AWS shows which actions need every resource, and
  # how to deny all of them to the function's own code: only calls from within carry lambda:SourceFunctionArn.
  # https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
  own_interfaces = ["ec2:AssignPrivateIpAddresses", "ec2:DeleteNetworkInterface", "ec2:UnassignPrivateIpAddresses"]
  see_interfaces = ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"]

  # Lambda asks whether it may delete an interface without naming one, and AWS wants every id allowed for that, as here; these
  # actions know no other resources: https://github.com/awsdocs/aws-lambda-developer-guide/blob/main/doc_source/configuration-vpc.md
  every_interface = var.vpc == null ? null : replace(var.vpc.network_interface_arn, ":network-interface/*", ":*/*")

  vpc_statements = var.vpc == null ? [] : [
    for sid, statement in {
      MakeNetworkInterfaces   = { actions = ["ec2:CreateNetworkInterface"], resources = concat([var.vpc.network_interface_arn], var.vpc.subnet_arns, var.vpc.security_group_arns) }
      ManageNetworkInterfaces = { actions = local.own_interfaces, resources = [local.every_interface] }
      SeeNetworkInterfaces    = { actions = local.see_interfaces, resources = ["*"] }
    } : { Sid = sid, Effect = "Allow", Action = statement.actions, Resource = statement.resources }
  ]

  vpc_denials = var.vpc == null ? [] : [{
    Sid       = "NoInterfacesForTheCode"
    Effect    = "Deny"
    Action    = sort(concat(["ec2:CreateNetworkInterface"], local.own_interfaces, local.see_interfaces))
    Resource  = ["*"]
    Condition = { Null = { "lambda:SourceFunctionArn" = "false" } }
  }]
}

resource "aws_iam_policy" "function" {
  name        = var.name
  path        = var.path
  description = var.description
  tags        = var.tags

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      local.data_statements, local.log_statements, local.tracing_statements, local.vpc_statements, local.vpc_denials,
    )
  })

  # IAM cannot change a description, and a second policy of the same name cannot be created before the first is gone.
  lifecycle {
    ignore_changes = [description]
  }
}
