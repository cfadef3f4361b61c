# One role per function, with exactly its actions on exactly its resources. The attacher's policy on the pool is in
# modules/trigger, beside what it is for.

locals {
  # Which actions each operation needs, and whom it is for: the file of usermgr-cognito, which `make docs` copies. The tests
  # run each operation with exactly its actions.
  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncognitouserpools.html
  operations = values(jsondecode(file("${path.module}/actions.json")))
  actions_for = {
    for access in ["read-only", "operator", "admin", "sign-in"] :
    access => toset(flatten([for operation in local.operations : operation.actions if operation.access == access]))
  }

  # Reading is always allowed, so that a refusal can be explained; nothing is allowed twice. Signing in also reads the
  # client's secret, so that no configuration holds it.
  read_actions    = local.actions_for["read-only"]
  change_actions  = setsubtract(setunion(local.actions_for["operator"], local.actions_for["admin"]), local.read_actions)
  sign_in_actions = setsubtract(local.actions_for["sign-in"], local.read_actions)

  usermgr_actions = {
    ReadUsersAndGroups   = sort(local.read_actions)
    ChangeUsersAndGroups = var.access == "full" ? sort(local.change_actions) : []
    SignUsersIn          = var.allow_sign_in ? sort(local.sign_in_actions) : []
  }

  # DynamoDB decrypts the table's own key in the name of whoever uses the table, to write as well as to read.
  # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
  table_key_statements = var.table_kms_key_arn == null ? [] : [{
    sid       = "UseTheTablesKey"
    actions   = ["kms:Decrypt"]
    resources = [var.table_kms_key_arn]
    condition = { StringEquals = { "kms:ViaService" = "dynamodb.${local.region}.amazonaws.com" } }
  }]

  table_key_documents = [
    for s in local.table_key_statements : { Sid = s.sid, Effect = "Allow", Action = s.actions, Resource = s.resources, Condition = s.condition }
  ]

  # Lambda decrypts the environment variables in the name of the function's role. The context names no function: after a
  # rename, the old one must still be able to start until it is gone.
  # https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html
  environment_key_statements = var.functions_kms_key_arn == null ? [] : [{
    sid       = "ReadOwnEnvironment"
    actions   = ["kms:Decrypt"]
    resources = [var.functions_kms_key_arn]
    condition = { StringLike = { "kms:EncryptionContext:aws:lambda:FunctionArn" = "arn:${local.partition}:lambda:${local.region}:${local.account_id}:function:*" } }
  }]

  # Data actions by function; every function may also write its own log.
  statements = {
    for function, own in {
      usermgr = [
        for sid, actions in local.usermgr_actions : { sid = sid, actions = actions, resources = [local.user_pool_arn], condition = {} }
        if length(actions) > 0
      ]
      download_jwks = []
      trigger       = []
    } : function => concat(own, local.environment_key_statements) if function != "trigger" || var.attach_trigger
  }

  recorder_statements = concat(
    [{
      sid       = "RecordActivity"
      actions   = ["dynamodb:UpdateItem"]
      resources = [module.table.arn]
      condition = {}
    }],
    local.table_key_statements,
    local.environment_key_statements,
  )

  # For the functions in a VPC. A subnet may be another account's that shares it with this one.
  vpc_arns = {
    for function, vpc in local.vpc : function => vpc == null ? null : {
      network_interface_arn = "arn:${local.partition}:ec2:${local.region}:${local.account_id}:network-interface/*"
      subnet_arns           = [for id in vpc.subnet_ids : "arn:${local.partition}:ec2:${local.region}:*:subnet/${id}"]
      security_group_arns   = [for id in vpc.security_group_ids : "arn:${local.partition}:ec2:${local.region}:*:security-group/${id}"]
    }
  }

  role_name   = "${var.name_prefix}${var.role_name}"
  policy_name = "${var.name_prefix}${var.activity_policy_name}"

  role_names = {
    usermgr       = "${local.role_name}-usermgr"
    download_jwks = "${local.role_name}-download-jwks"
    activity      = "${local.role_name}-activity"
    trigger       = "${local.role_name}-trigger"
  }

  log_group_arns = {
    for key, name in local.names :
    key => "arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:${coalesce(local.log_groups[key], "/aws/lambda/${name}")}"
  }
}

module "policy" {
  source   = "./modules/policy"
  for_each = local.statements

  name          = local.role_names[each.key]
  description   = "What usermgr's function ${each.key} may do"
  statements    = each.value
  path          = var.role_path
  log_group_arn = local.log_group_arns[each.key]
  tracing       = var.tracing_mode == "Active"
  vpc           = local.vpc_arns[each.key]
  tags          = var.tags
}

module "role" {
  source   = "./modules/role"
  for_each = local.statements

  name        = local.role_names[each.key]
  description = "The role of usermgr's function ${each.key}"
  path        = var.role_path
  boundary    = var.permissions_boundary
  policy_arns = { function = module.policy[each.key].arn }
  tags        = var.tags
}

module "recorder_policy" {
  source = "./modules/policy"

  name          = local.policy_name
  description   = "What usermgr's function activity may do"
  statements    = local.recorder_statements
  path          = var.role_path
  log_group_arn = local.log_group_arns.activity
  tracing       = var.tracing_mode == "Active"
  vpc           = local.vpc_arns.activity
  tags          = var.tags
}

module "recorder_role" {
  source = "./modules/role"

  name        = local.role_names.activity
  description = "The role of usermgr's function activity"
  path        = var.role_path
  boundary    = var.permissions_boundary
  policy_arns = { function = module.recorder_policy.arn }
  tags        = var.tags
}
