# usermgr beside an existing Cognito user pool: this module only composes. The roles are in roles.tf.

data "aws_partition" "current" {}

data "aws_region" "current" {}

# Separate from the one above, so that the recorder does not depend on the pool.
data "aws_region" "of_the_pool" {
  lifecycle {
    postcondition {
      condition     = startswith(var.user_pool_id, "${self.id}_")
      error_message = "user_pool_id (${var.user_pool_id}) belongs to another Region than the provider's (${self.id}): set AWS_REGION to the pool's Region."
    }
  }
}

data "aws_caller_identity" "current" {
  lifecycle {
    postcondition {
      condition     = var.account_id == null || self.account_id == var.account_id
      error_message = "The credentials belong to account ${self.account_id}, and account_id names another: use credentials of the right account, or correct account_id."
    }
  }
}

# The endpoint that stands between a recorder in a VPC and sign-ins that wait: it must be one of DynamoDB.
data "aws_vpc_endpoint" "dynamodb" { # if the endpoint was deleted, name another, or run: terraform destroy -refresh=false
  count = local.vpc.activity == null ? 0 : 1

  id = var.vpc_dynamodb_endpoint_id

  lifecycle {
    postcondition {
      condition     = endswith(self.service_name, ".dynamodb") && lower(self.state) == "available"
      error_message = "vpc_dynamodb_endpoint_id (${self.id}) is an endpoint of ${self.service_name}, and it is ${self.state}: name one of ${local.region}'s DynamoDB that is available, or every sign-in would wait."
    }
  }
}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.id

  user_pool_arn = "arn:${local.partition}:cognito-idp:${data.aws_region.of_the_pool.id}:${local.account_id}:userpool/${var.user_pool_id}"

  functions_directory = coalesce(var.functions_directory, "${path.module}/../dist/functions")

  # Where each function's code is: a file here, or an object in a bucket.
  code = {
    for name in ["usermgr", "download_jwks", "activity", "attacher"] : name => var.functions_s3_bucket == null ? {
      file   = "${local.functions_directory}/${name}.zip"
      bucket = null
      key    = null
      hash   = filebase64sha256("${local.functions_directory}/${name}.zip")
      } : {
      file   = null
      bucket = var.functions_s3_bucket
      key    = "${var.functions_s3_prefix}${name}.zip"
      hash   = var.functions_s3_hashes[name]
    }
  }

  names = {
    usermgr       = "${var.name_prefix}${var.function_name_usermgr}"
    download_jwks = "${var.name_prefix}${var.function_name_download_jwks}"
    activity      = "${var.name_prefix}${var.function_name_activity}"
    trigger       = "${var.name_prefix}${var.function_name_trigger}"
  }

  # What is given by function, with the defaults of the others.
  vpc         = { for key, name in local.names : key => lookup(var.vpc, key, null) }
  log_groups  = { for key, name in local.names : key => lookup(var.existing_log_groups, key, null) }
  memory_size = merge({ usermgr = 256, download_jwks = 128, activity = 256, trigger = 256 }, { for key, size in var.memory_size : key => size if size != null })
  timeout     = merge({ usermgr = 30, download_jwks = 15 }, { for key, seconds in var.timeout : key => seconds if seconds != null })
  reserved_concurrency = merge(
    { usermgr = -1, download_jwks = -1, trigger = -1 },
    { for key, count in var.reserved_concurrency : key => count if count != null },
  )

  # AWS's own name of DynamoDB leads to a gateway endpoint, and to an interface endpoint with private DNS; any other
  # interface endpoint has a name of its own: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/privatelink-interface-endpoints.html
  dynamodb_endpoint_environment = {
    for endpoint in data.aws_vpc_endpoint.dynamodb : "AWS_ENDPOINT_URL_DYNAMODB" => "https://${endpoint.dns_entry[0].dns_name}"
    if endpoint.vpc_endpoint_type == "Interface" && !endpoint.private_dns_enabled
  }

  # What is the same for all functions.
  function_settings = {
    runtime            = var.runtime
    architecture       = var.architecture
    tracing_mode       = var.tracing_mode
    log_retention_days = var.log_retention_days
    log_kms_key_arn    = var.log_kms_key_arn
    kms_key_arn        = var.functions_kms_key_arn
    tags               = var.tags
  }
}

module "table" {
  source = "./modules/table"

  name                = "${var.name_prefix}${var.activity_table_name}"
  deletion_protection = var.table_deletion_protection
  rows_expire         = var.activity_days_kept != null
  kms_key_arn         = var.table_kms_key_arn
  tags                = var.tags
}

# What applications invoke.
module "functions" {
  source = "./modules/functions"

  functions = {
    usermgr = {
      name                 = local.names.usermgr
      description          = "User management for callers that cannot reach Cognito"
      role_arn             = module.role["usermgr"].arn
      code                 = local.code.usermgr
      handler              = "usermgr_function_usermgr.handler.handler"
      memory_size          = local.memory_size.usermgr
      timeout              = local.timeout.usermgr
      reserved_concurrency = local.reserved_concurrency.usermgr
      log_group            = local.log_groups.usermgr
      vpc                  = local.vpc.usermgr
      environment = merge(
        {
          USERPOOL_ID     = var.user_pool_id
          USERMGR_ACCESS  = var.access
          USERMGR_SIGN_IN = tostring(var.allow_sign_in)
        },
        var.allow_sign_in ? { CLIENT_ID = var.client_id } : {},
      )
    }
    download_jwks = {
      name                 = local.names.download_jwks
      description          = "The JWKS of the user pool for verifiers that cannot reach Cognito"
      role_arn             = module.role["download_jwks"].arn
      code                 = local.code.download_jwks
      handler              = "usermgr_function_download_jwks.handler.handler"
      memory_size          = local.memory_size.download_jwks
      timeout              = local.timeout.download_jwks
      reserved_concurrency = local.reserved_concurrency.download_jwks
      log_group            = local.log_groups.download_jwks
      vpc                  = local.vpc.download_jwks
      environment          = { USERPOOL_ID = var.user_pool_id }
    }
  }

  settings = local.function_settings
}

# What the pool invokes. It depends on nothing of the pool's, so a pool that Terraform owns may name it in its
# lambda_config. It reserves no concurrency: a throttled recorder would stop sign-ins.
module "recorder" {
  source = "./modules/functions"

  functions = {
    activity = {
      name        = local.names.activity
      description = "Records user activity; Cognito calls it before it makes tokens"
      role_arn    = module.recorder_role.arn
      code        = local.code.activity
      handler     = "usermgr_function_activity.handler.handler"
      memory_size = local.memory_size.activity
      timeout     = 5 # Cognito waits no longer
      log_group   = local.log_groups.activity
      vpc         = local.vpc.activity
      environment = merge(
        { DYNAMODB_NAME = module.table.name },
        var.activity_days_kept == null ? {} : { ACTIVITY_DAYS_KEPT = tostring(var.activity_days_kept) },
        local.dynamodb_endpoint_environment,
      )
    }
  }

  settings = local.function_settings
}

# What Terraform invokes.
module "attacher" {
  source = "./modules/functions"

  functions = var.attach_trigger ? {
    trigger = {
      name                 = local.names.trigger
      description          = "Attaches the recorder to the user pool, and detaches it"
      role_arn             = module.role["trigger"].arn
      code                 = local.code.attacher
      handler              = "usermgr_function_attacher.handler.handler"
      memory_size          = local.memory_size.trigger
      timeout              = 300 # a pool that is busy, or a new role, is tried again
      reserved_concurrency = local.reserved_concurrency.trigger
      log_group            = local.log_groups.trigger
      vpc                  = local.vpc.trigger
      environment          = module.trigger.attacher_environment
    }
  } : {}

  settings = local.function_settings
}

module "trigger" {
  source = "./modules/trigger"

  attach = var.attach_trigger
  attacher = var.attach_trigger ? {
    function_name = module.attacher.names["trigger"]
    function_arn  = module.attacher.arns["trigger"]
    role_name     = module.role["trigger"].name
  } : null

  recorder_name = module.recorder.names["activity"]
  recorder_arn  = module.recorder.arns["activity"]
  user_pool_id  = var.user_pool_id
  user_pool_arn = local.user_pool_arn
  event_version = var.trigger_event_version
  replaces      = var.replaces
  pool_has_tags = var.pool_has_tags

  detach_before_removing = concat(
    values(module.functions.arns),
    [for alarm in aws_cloudwatch_metric_alarm.recorder : alarm.arn],
  )

  grants = {
    sms_role_arn       = var.sms_role_arn
    sender_kms_key_arn = var.sender_kms_key_arn
    ses_source_arn     = var.ses_source_arn
  }
}

# Depends on everything, so that destroy comes to it first: while the table is protected, destroy stops here, with all in
# place, instead of half-way. Nothing but a destroy of the whole deployment ever removes it.
resource "terraform_data" "guard" {
  input = var.table_deletion_protection

  provisioner "local-exec" {
    when    = destroy
    quiet   = true
    command = self.input ? "echo nothing was detached: the protected table would stop destroy half-way && echo first apply with table_deletion_protection = false, then destroy && exit 1" : "exit 0"
  }

  depends_on = [
    module.table, module.functions, module.recorder, module.attacher, module.trigger, aws_cloudwatch_metric_alarm.recorder,
  ]
}
