# Every variable by name: what is set arrives where it should. tests/terraform/test_asserted.py counts them.

mock_provider "aws" {
  source = "./tests/aws"
}

override_resource {
  target = module.recorder.aws_lambda_function.function["activity"]
  values = { arn = "arn:aws:lambda:ap-northeast-1:123456789012:function:recorder" }
}

# Once it is applied, the pool calls the recorder.
override_data {
  target = module.trigger.data.aws_cognito_user_pool.now
  values = {
    lambda_config = [{ pre_token_generation = "arn:aws:lambda:ap-northeast-1:123456789012:function:recorder" }]
  }
}

variables {
  user_pool_id        = "ap-northeast-1_AbCdEf123"
  functions_directory = "./tests/functions"
}

run "everything_at_once" {
  variables {
    activity_days_kept          = 400
    account_id                  = "123456789012"
    client_id                   = "1example23456789"
    name_prefix                 = "staging-"
    role_path                   = "/teams/people/"
    permissions_boundary        = "arn:aws:iam::123456789012:policy/boundary"
    role_name                   = "people-role"
    activity_policy_name        = "people_policy"
    activity_table_name         = "people_table"
    function_name_usermgr       = "people"
    function_name_download_jwks = "people_jwks"
    function_name_activity      = "people_recorder"
    function_name_trigger       = "people_attacher"
    access                      = "read-only"
    allow_sign_in               = true
    runtime                     = "python3.12"
    architecture                = "x86_64"
    tracing_mode                = "Active"
    memory_size                 = { usermgr = 512, download_jwks = 192, activity = 320, trigger = 384 }
    timeout                     = { usermgr = 60, download_jwks = 20 }
    reserved_concurrency        = { usermgr = 10, download_jwks = 3, trigger = 1 }
    functions_kms_key_arn       = "arn:aws:kms:ap-northeast-1:123456789012:key/environment"
    log_kms_key_arn             = "arn:aws:kms:ap-northeast-1:123456789012:key/logs"
    table_kms_key_arn           = "arn:aws:kms:ap-northeast-1:123456789012:key/table"
    log_retention_days          = 30
    existing_log_groups         = { activity = "/central/recorder", trigger = "/central/attacher" }
    alarm_actions               = ["arn:aws:sns:ap-northeast-1:123456789012:alarms"]
    tags                        = { team = "people" }
    vpc = {
      usermgr       = { subnet_ids = ["subnet-0123456a", "subnet-0123456b"], security_group_ids = ["sg-01234560"] }
      download_jwks = { subnet_ids = ["subnet-0123456a"], security_group_ids = ["sg-01234561"] }
      activity      = { subnet_ids = ["subnet-0123456b"], security_group_ids = ["sg-01234562", "sg-01234563"] }
      trigger       = { subnet_ids = ["subnet-0123456c"], security_group_ids = ["sg-01234564"] }
    }
    vpc_dynamodb_endpoint_id = "vpce-01234567"
  }

  assert {
    condition     = module.recorder.configurations.activity.environment.ACTIVITY_DAYS_KEPT == tostring(var.activity_days_kept) && module.table.expiry_attribute == "expires_at"
    error_message = "The recorder is told how many days to keep, and DynamoDB removes the rows."
  }

  assert {
    condition = output.environment == tomap({
      ACCOUNT_ID               = var.account_id
      AWS_REGION               = "ap-northeast-1"
      CLIENT_ID                = var.client_id
      DYNAMODB_ACTIVITY_POLICY = "staging-people_policy"
      DYNAMODB_NAME            = "staging-people_table"
      LAMBDA_NAME_ACTIVITY     = "staging-people_recorder"
      LAMBDA_NAME_DOWNLOAD     = "staging-people_jwks"
      LAMBDA_NAME_TRIGGER      = "staging-people_attacher"
      LAMBDA_NAME_USERMGR      = "staging-people"
      ROLE                     = "staging-people-role"
      USERPOOL_ID              = var.user_pool_id
    })
    error_message = "Applications are told the names, with the prefix before each."
  }

  assert {
    condition = output.function_names == {
      usermgr       = "${var.name_prefix}${var.function_name_usermgr}"
      download_jwks = "${var.name_prefix}${var.function_name_download_jwks}"
      activity      = "${var.name_prefix}${var.function_name_activity}"
      trigger       = "${var.name_prefix}${var.function_name_trigger}"
    }
    error_message = "The functions have their names, with the prefix."
  }

  assert {
    condition     = output.table_name == "${var.name_prefix}${var.activity_table_name}"
    error_message = "The table has its name, with the prefix."
  }

  assert {
    condition     = alltrue([for name in output.alarm_names : startswith(name, "${var.name_prefix}${var.function_name_activity}-")])
    error_message = "The alarms are named after the recorder."
  }

  assert {
    condition = { for key, role in merge(module.role, { activity = module.recorder_role }) : key => role.name } == {
      usermgr       = "${var.name_prefix}${var.role_name}-usermgr"
      download_jwks = "${var.name_prefix}${var.role_name}-download-jwks"
      activity      = "${var.name_prefix}${var.role_name}-activity"
      trigger       = "${var.name_prefix}${var.role_name}-trigger"
    }
    error_message = "Every role has the name, with the prefix and the function."
  }

  assert {
    condition     = module.recorder_policy.name == "${var.name_prefix}${var.activity_policy_name}"
    error_message = "The recorder's policy has its name, with the prefix."
  }

  assert {
    condition = alltrue([
      for role in concat(values(module.role), [module.recorder_role]) : role.path == var.role_path && role.boundary == var.permissions_boundary
    ])
    error_message = "Every role has the path and the permissions boundary."
  }

  assert {
    condition     = alltrue([for policy in concat(values(module.policy), [module.recorder_policy]) : policy.path == var.role_path])
    error_message = "Every policy has the path."
  }

  assert {
    condition = alltrue([
      for functions in [module.functions, module.recorder, module.attacher] : alltrue([
        for f in values(functions.configurations) : [f.runtime, f.architecture, f.tracing_mode] == [var.runtime, var.architecture, var.tracing_mode]
      ])
    ])
    error_message = "All functions have runtime, processor and tracing."
  }

  assert {
    condition = {
      for key, f in merge(module.functions.configurations, module.recorder.configurations, module.attacher.configurations) : key => f.memory_size
    } == { for key, size in var.memory_size : key => size }
    error_message = "Every function has its memory."
  }

  assert {
    condition = {
      for key, f in merge(module.functions.configurations, module.recorder.configurations, module.attacher.configurations) : key => f.timeout
    } == merge({ for key, seconds in var.timeout : key => seconds }, { activity = 5, trigger = 300 })
    error_message = "Two functions have their time, and those of the others are fixed."
  }

  assert {
    condition = {
      for key, f in merge(module.functions.configurations, module.recorder.configurations, module.attacher.configurations) : key => f.reserved_concurrency
    } == merge({ for key, count in var.reserved_concurrency : key => count }, { activity = -1 })
    error_message = "Functions reserve what they are given, and the recorder never anything."
  }

  assert {
    condition = module.functions.configurations.usermgr.environment == tomap({
      USERPOOL_ID     = var.user_pool_id
      USERMGR_ACCESS  = var.access
      USERMGR_SIGN_IN = tostring(var.allow_sign_in)
      CLIENT_ID       = var.client_id
    })
    error_message = "The management function is told what it offers."
  }

  assert {
    condition = {
      for key, f in merge(module.functions.configurations, module.recorder.configurations, module.attacher.configurations) : key => f.code.file
      } == {
      usermgr       = "${var.functions_directory}/usermgr.zip"
      download_jwks = "${var.functions_directory}/download_jwks.zip"
      activity      = "${var.functions_directory}/activity.zip"
      trigger       = "${var.functions_directory}/attacher.zip"
    }
    error_message = "The functions' code is in the folder."
  }

  assert {
    condition = alltrue([
      for f in merge(module.functions.configurations, module.recorder.configurations, module.attacher.configurations) :
      f.kms_key_arn == var.functions_kms_key_arn && f.tags == var.tags
    ])
    error_message = "Every function has the tags, and its environment is encrypted with the key."
  }

  assert {
    condition     = module.table.kms_key_arn == var.table_kms_key_arn && module.table.tags == var.tags
    error_message = "The table has its key and the tags."
  }

  assert {
    condition = output.log_group_names == {
      usermgr       = "/aws/lambda/staging-people"
      download_jwks = "/aws/lambda/staging-people_jwks"
      activity      = var.existing_log_groups.activity
      trigger       = var.existing_log_groups.trigger
    }
    error_message = "Functions log to the groups that are there, and to their own where none is named."
  }

  assert {
    condition = {
      for key, f in merge(module.functions.configurations, module.recorder.configurations, module.attacher.configurations) : key => f.log_group
    } == output.log_group_names
    error_message = "Lambda is told every group."
  }

  assert {
    condition = {
      for key, document in output.policy_documents :
      key => one([for s in jsondecode(document).Statement : s.Resource if s.Sid == "WriteOwnLog"]) if key != "trigger_on_pool"
      } == {
      for key, name in output.log_group_names : key => ["arn:aws:logs:ap-northeast-1:123456789012:log-group:${name}:*"]
    }
    error_message = "Every role may write to the group that the function has."
  }

  assert {
    condition = merge(module.functions.log_groups, module.recorder.log_groups, module.attacher.log_groups) == {
      for key, name in { usermgr = "staging-people", download_jwks = "staging-people_jwks" } : key => {
        name                     = "/aws/lambda/${name}"
        retention_days           = var.log_retention_days
        kms_key_arn              = var.log_kms_key_arn
        tags                     = var.tags
      }
    }
    error_message = "Groups are made for the others only, with days, key and tags."
  }

  assert {
    condition = alltrue([
      for alarm in aws_cloudwatch_metric_alarm.recorder : alarm.alarm_actions == toset(var.alarm_actions) && alarm.tags == var.tags
    ])
    error_message = "The alarms notify whom they should, and have the tags."
  }

  assert {
    condition = alltrue([
      for made in concat(values(module.role), values(module.policy), [module.recorder_role, module.recorder_policy]) : made.tags == var.tags
    ])
    error_message = "Roles and policies have the tags."
  }

  assert {
    condition = jsonencode({
      for key, f in merge(module.functions.configurations, module.recorder.configurations, module.attacher.configurations) : key => f.vpc
    }) == jsonencode(var.vpc)
    error_message = "Every function is in its subnets, with its security groups."
  }

  assert {
    condition = {
      for key, document in output.policy_documents : key => one([
        for s in jsondecode(document).Statement : s.Resource if s.Sid == "MakeNetworkInterfaces"
      ]) if key != "trigger_on_pool"
      } == {
      for key, vpc in var.vpc : key => concat(
        ["arn:aws:ec2:ap-northeast-1:123456789012:network-interface/*"],
        [for id in vpc.subnet_ids : "arn:aws:ec2:ap-northeast-1:*:subnet/${id}"],
        [for id in vpc.security_group_ids : "arn:aws:ec2:ap-northeast-1:*:security-group/${id}"],
      )
    }
    error_message = "Every role may make network interfaces in its function's subnets, with its security groups."
  }

  assert {
    condition     = [for endpoint in data.aws_vpc_endpoint.dynamodb : endpoint.id] == [var.vpc_dynamodb_endpoint_id]
    error_message = "The recorder's endpoint is looked at."
  }

  assert {
    condition     = !can(module.recorder.configurations.activity.environment.AWS_ENDPOINT_URL_DYNAMODB)
    error_message = "A gateway endpoint needs no setting."
  }
}

# Only planned: the guard would refuse to destroy it.
run "zips_from_a_bucket_an_interface_endpoint_and_protection" {
  command = plan

  override_data {
    target = data.aws_vpc_endpoint.dynamodb
    values = {
      service_name        = "com.amazonaws.ap-northeast-1.dynamodb"
      state               = "available"
      vpc_endpoint_type   = "Interface"
      private_dns_enabled = false
      dns_entry           = [{ dns_name = "vpce-01234567-a.dynamodb.ap-northeast-1.vpce.amazonaws.com", hosted_zone_id = "Z1" }]
    }
  }

  variables {
    vpc                       = { activity = { subnet_ids = ["subnet-0123456b"], security_group_ids = ["sg-01234562"] } }
    vpc_dynamodb_endpoint_id  = "vpce-01234567"
    table_deletion_protection = true
    functions_directory       = "/nowhere"
    functions_s3_bucket       = "people-artifacts"
    functions_s3_prefix       = "usermgr-1.0.0/"
    functions_s3_hashes = {
      usermgr       = "${join("", [for i in range(43) : "a"])}="
      download_jwks = "${join("", [for i in range(43) : "b"])}="
      activity      = "${join("", [for i in range(43) : "c"])}="
      attacher      = "${join("", [for i in range(43) : "d"])}="
    }
  }

  assert {
    condition = jsonencode({
      for key, f in merge(module.functions.configurations, module.recorder.configurations, module.attacher.configurations) : key => f.code
      }) == jsonencode({
      for key, zip in { usermgr = "usermgr", download_jwks = "download_jwks", activity = "activity", trigger = "attacher" } : key => {
        file                    = null
        bucket                  = var.functions_s3_bucket
        key                     = "${var.functions_s3_prefix}${zip}.zip"
        hash                    = var.functions_s3_hashes[zip]
      }
    })
    error_message = "With a bucket, every function's code comes from there, and no zip is needed here."
  }

  assert {
    condition     = module.recorder.configurations.activity.environment.AWS_ENDPOINT_URL_DYNAMODB == "https://vpce-01234567-a.dynamodb.ap-northeast-1.vpce.amazonaws.com"
    error_message = "An interface endpoint without private DNS has a name of its own."
  }

  assert {
    condition     = !strcontains(output.policy_documents.usermgr, "ec2:") && strcontains(output.policy_documents.activity, "ec2:")
    error_message = "Only the role of a function in a VPC may use EC2."
  }

  assert {
    condition     = [module.table.deletion_protection, terraform_data.guard.input] == [var.table_deletion_protection, var.table_deletion_protection]
    error_message = "The table is protected, and the guard of destroy knows it."
  }
}
