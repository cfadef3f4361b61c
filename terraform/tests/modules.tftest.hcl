# The modules by themselves, every variable by name. The trigger has a file of its own.

mock_provider "aws" {
  source          = "./tests/aws"
  override_during = plan
}

run "role" {
  command = plan

  module {
    source = "./modules/role"
  }

  variables {
    name        = "people"
    path        = "/teams/"
    description = "For people"
    boundary    = "arn:aws:iam::123456789012:policy/boundary"
    policy_arns = { own = "arn:aws:iam::123456789012:policy/own", traces = "arn:aws:iam::aws:policy/traces" }
    tags        = { team = "people" }
  }

  assert {
    condition = {
      name     = aws_iam_role.function.name, path = aws_iam_role.function.path, description = aws_iam_role.function.description
      boundary = aws_iam_role.function.permissions_boundary, tags = aws_iam_role.function.tags
    } == { name = var.name, path = var.path, description = var.description, boundary = var.boundary, tags = var.tags }
    error_message = "The role is as it was asked for."
  }

  assert {
    condition     = { for key, attached in aws_iam_role_policy_attachment.policy : key => attached.policy_arn } == { for key, arn in var.policy_arns : key => arn }
    error_message = "The role has exactly those policies."
  }

  assert {
    condition     = [for s in jsondecode(aws_iam_role.function.assume_role_policy).Statement : s.Principal] == [{ Service = "lambda.amazonaws.com" }]
    error_message = "Only Lambda may assume it."
  }
}

run "policy" {
  command = plan

  module {
    source = "./modules/policy"
  }

  variables {
    name          = "people"
    path          = "/teams/"
    description   = "What people may do"
    log_group_arn = "arn:aws:logs:ap-northeast-1:123456789012:log-group:/aws/lambda/people"
    tracing       = true
    tags          = { team = "people" }
    statements = [{
      sid       = "Read"
      actions   = ["dynamodb:GetItem"]
      resources = ["arn:aws:dynamodb:ap-northeast-1:123456789012:table/people"]
      condition = { StringEquals = { "aws:PrincipalAccount" = "123456789012" } }
    }]
    vpc = {
      network_interface_arn = "arn:aws:ec2:ap-northeast-1:123456789012:network-interface/*"
      subnet_arns           = ["arn:aws:ec2:ap-northeast-1:*:subnet/subnet-0a"]
      security_group_arns   = ["arn:aws:ec2:ap-northeast-1:*:security-group/sg-0b"]
    }
  }

  assert {
    condition     = [output.name, output.path, aws_iam_policy.function.description, output.tags] == [var.name, var.path, var.description, tomap(var.tags)]
    error_message = "The policy is as it was asked for."
  }

  assert {
    condition = { for s in jsondecode(output.json).Statement : s.Sid => jsonencode([s.Effect, s.Action, s.Resource, try(s.Condition, null)]) } == {
      Read                    = jsonencode(["Allow", var.statements[0].actions, var.statements[0].resources, var.statements[0].condition])
      WriteOwnLog             = jsonencode(["Allow", ["logs:CreateLogStream", "logs:PutLogEvents"], ["${var.log_group_arn}:*"], null])
      MakeNetworkInterfaces   = jsonencode(["Allow", ["ec2:CreateNetworkInterface"], concat([var.vpc.network_interface_arn], var.vpc.subnet_arns, var.vpc.security_group_arns), null])
      ManageNetworkInterfaces = jsonencode(["Allow", ["ec2:AssignPrivateIpAddresses", "ec2:DeleteNetworkInterface", "ec2:UnassignPrivateIpAddresses"], ["arn:aws:ec2:ap-northeast-1:123456789012:*/*"], null])
      SeeNetworkInterfaces    = jsonencode(["Allow", ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"], ["*"], null])
      NoInterfacesForTheCode = jsonencode([
        "Deny",
        [
          "ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
          "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
        ],
        ["*"],
        { Null = { "lambda:SourceFunctionArn" = "false" } },
      ])
      SendTraces = jsonencode(["Allow", ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], ["*"], null])
    }
    error_message = "The policy allows the statements, the own log, and in a VPC Lambda's network interfaces, which the code itself may not touch."
  }

  assert {
    condition     = contains([for s in jsondecode(output.json).Statement : s.Sid], "SendTraces") == var.tracing
    error_message = "With tracing, it also sends traces."
  }
}

run "table" {
  command = plan

  module {
    source = "./modules/table"
  }

  variables {
    name                = "people_activity"
    deletion_protection = true
    rows_expire         = true
    kms_key_arn         = "arn:aws:kms:ap-northeast-1:123456789012:key/table"
    tags                = { team = "people" }
  }

  assert {
    condition     = [output.name, output.deletion_protection, output.kms_key_arn, output.tags] == [var.name, var.deletion_protection, var.kms_key_arn, tomap(var.tags)]
    error_message = "The table is as it was asked for."
  }

  assert {
    condition     = (output.expiry_attribute == "expires_at") == var.rows_expire
    error_message = "Rows expire by their attribute."
  }

  assert {
    condition     = output.index_arn == "${output.arn}/index/last_seen"
    error_message = "The index is the table's."
  }
}

run "functions" {
  command = plan

  module {
    source = "./modules/functions"
  }

  variables {
    functions = {
      one = {
        name                 = "people"
        description          = "For people"
        role_arn             = "arn:aws:iam::123456789012:role/people"
        code                 = { file = "people.zip", hash = "aGFzaA==" }
        handler              = "people.handler"
        environment          = { TABLE = "people" }
        memory_size          = 512
        timeout              = 7
        reserved_concurrency = 3
        vpc                  = { subnet_ids = ["subnet-0a"], security_group_ids = ["sg-0b"] }
      }
      two = {
        name        = "others"
        description = "For others"
        role_arn    = "arn:aws:iam::123456789012:role/others"
        code        = { bucket = "artifacts", key = "others.zip", hash = "aGFzaA==" }
        handler     = "others.handler"
        memory_size = 128
        timeout     = 1
        log_group   = "/central/others"
      }
    }
    settings = {
      runtime            = "python3.12"
      architecture       = "x86_64"
      tracing_mode       = "Active"
      log_retention_days = 30
      log_kms_key_arn    = "arn:aws:kms:ap-northeast-1:123456789012:key/logs"
      kms_key_arn        = "arn:aws:kms:ap-northeast-1:123456789012:key/environment"
      tags               = { team = "people" }
    }
  }

  assert {
    condition = jsonencode(output.configurations) == jsonencode({
      for key, f in var.functions : key => {
        description          = f.description
        role_arn             = f.role_arn
        runtime              = var.settings.runtime
        architecture         = var.settings.architecture
        handler              = f.handler
        code                 = f.code
        environment          = f.environment
        kms_key_arn          = var.settings.kms_key_arn
        memory_size          = f.memory_size
        timeout              = f.timeout
        reserved_concurrency = f.reserved_concurrency
        tracing_mode         = var.settings.tracing_mode
        log_group            = { one = "/aws/lambda/people", two = "/central/others" }[key]
        vpc                  = f.vpc
        tags                 = var.settings.tags
      }
    })
    error_message = "The functions are as they were asked for."
  }

  assert {
    condition     = output.names == { for key, f in var.functions : key => f.name }
    error_message = "They have their names."
  }

  assert {
    condition = jsonencode(output.log_groups) == jsonencode({
      one = {
        name           = "/aws/lambda/people"
        retention_days = var.settings.log_retention_days
        kms_key_arn    = var.settings.log_kms_key_arn
        tags           = var.settings.tags
      }
    })
    error_message = "Only the function without a log group gets one, with days, key and tags."
  }
}
