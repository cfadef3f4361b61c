# Every validation refuses what it is there for; each variable that is listed must be refused.

mock_provider "aws" {
  source = "./tests/aws"
}

variables {
  user_pool_id = "ap-northeast-1_AbCdEf123"
}

run "malformed" {
  command = plan

  variables {
    user_pool_id                = "people"
    account_id                  = "1234"
    client_id                   = "with space"
    access                      = "everything"
    trigger_event_version       = "V4_0"
    replaces                    = { arn = "usermgr", version = "V1_0" }
    sms_role_arn                = "arn:aws:iam::123456789012:user/someone"
    sender_kms_key_arn          = "alias/key"
    ses_source_arn              = "example.com"
    name_prefix                 = "a.b"
    role_path                   = "people"
    permissions_boundary        = "boundary"
    vpc_dynamodb_endpoint_id    = "com.amazonaws.ap-northeast-1.dynamodb"
    existing_log_groups         = { usermgr = "a group" }
    functions_kms_key_arn       = "alias/key"
    role_name                   = "a role"
    activity_policy_name        = "a/b"
    activity_table_name         = "x"
    activity_days_kept          = 0
    function_name_usermgr       = "a.b"
    function_name_download_jwks = ""
    function_name_activity      = "a b"
    functions_directory         = "/nowhere"
    runtime                     = "python3.10"
    architecture                = "sparc"
    memory_size                 = { usermgr = 64 }
    timeout                     = { download_jwks = 901 }
    reserved_concurrency        = { trigger = 0 }
    tracing_mode                = "On"
    log_retention_days          = 10
    log_kms_key_arn             = "alias/key"
    table_kms_key_arn           = "alias/key"
    alarm_actions               = ["someone@example.com"]
    tags                        = { "aws:mine" = "x" }
  }

  expect_failures = [
    var.user_pool_id,
    var.account_id,
    var.client_id,
    var.access,
    var.trigger_event_version,
    var.replaces,
    var.sms_role_arn,
    var.sender_kms_key_arn,
    var.ses_source_arn,
    var.name_prefix,
    var.role_path,
    var.permissions_boundary,
    var.vpc_dynamodb_endpoint_id,
    var.existing_log_groups,
    var.functions_kms_key_arn,
    var.role_name,
    var.activity_policy_name,
    var.activity_table_name,
    var.activity_days_kept,
    var.function_name_usermgr,
    var.function_name_download_jwks,
    var.function_name_activity,
    var.functions_directory,
    var.runtime,
    var.architecture,
    var.memory_size,
    var.timeout,
    var.reserved_concurrency,
    var.tracing_mode,
    var.log_retention_days,
    var.log_kms_key_arn,
    var.table_kms_key_arn,
    var.alarm_actions,
    var.tags,
  ]
}

# What is looked at only where something else is well-formed, or missing.
run "malformed_otherwise" {
  command = plan

  variables {
    function_name_trigger = "a:b"
    allow_sign_in         = true
    vpc                   = { usermgr = { subnet_ids = ["a"], security_group_ids = [] }, trigger = { subnet_ids = ["subnet-01234567"], security_group_ids = ["b"] } }
    activity_days_kept    = 3651
    functions_s3_bucket   = "Bucket_"
    functions_s3_prefix   = "/usermgr/"
    replaces              = { arn = "arn:aws:lambda:ap-northeast-1:123456789012:function:f", version = "V9_0" }
  }

  expect_failures = [
    var.function_name_trigger,
    var.allow_sign_in,
    var.activity_days_kept,
    var.vpc,
    var.functions_s3_bucket,
    var.functions_s3_prefix,
    var.replaces,
  ]
}

# A misspelt function would be left out without a word, and of two with one name only one would be there.
run "names_of_no_function" {
  command = plan

  variables {
    function_name_trigger = "usermgr"
    vpc                   = { recorder = { subnet_ids = ["subnet-01234567"], security_group_ids = ["sg-01234567"] } }
    memory_size           = { recorder = 512 }
    timeout               = { trigger = 60 }
    reserved_concurrency  = { activity = 10 }
    existing_log_groups   = { attacher = "/central/attacher" }
  }

  expect_failures = [
    var.vpc,
    var.memory_size,
    var.timeout,
    var.reserved_concurrency,
    var.existing_log_groups,
    var.function_name_trigger,
  ]
}

run "what_is_missing" {
  command = plan

  variables {
    functions_s3_bucket = "people-artifacts"
    functions_s3_hashes = { usermgr = "x" }
    activity_days_kept  = 1.5
    vpc                 = { activity = { subnet_ids = ["subnet-01234567"], security_group_ids = ["sg-01234567"] } }
  }

  expect_failures = [
    var.vpc_dynamodb_endpoint_id,
    var.functions_s3_hashes,
    var.activity_days_kept,
  ]
}

run "another_account_region_and_endpoint" {
  command = plan

  variables {
    account_id               = "210987654321"
    user_pool_id             = "eu-west-1_AbCdEf123"
    vpc                      = { activity = { subnet_ids = ["subnet-01234567"], security_group_ids = ["sg-01234567"] } }
    vpc_dynamodb_endpoint_id = "vpce-01234567"
  }

  override_data {
    target = data.aws_vpc_endpoint.dynamodb
    values = { service_name = "com.amazonaws.ap-northeast-1.s3", state = "available" }
  }

  expect_failures = [
    data.aws_caller_identity.current,
    data.aws_region.of_the_pool,
    data.aws_vpc_endpoint.dynamodb,
  ]
}
