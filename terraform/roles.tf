# One role per function, with exactly its actions on exactly its resources. The attacher's policy on the pool is in
# modules/trigger, beside what it is for.

locals {
  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncognitouserpools.html
  # DescribeUserPool: the schema tells which value of a refused call does not fit. GetUserPoolMfaConfig: the second factors.
  read_actions = [
    "cognito-idp:AdminGetUser",
    "cognito-idp:AdminListGroupsForUser",
    "cognito-idp:DescribeUserPool",
    "cognito-idp:GetGroup",
    "cognito-idp:GetUserPoolMfaConfig",
    "cognito-idp:ListGroups",
    "cognito-idp:ListUsers",
    "cognito-idp:ListUsersInGroup",
  ]

  user_actions = [
    "cognito-idp:AdminConfirmSignUp",
    "cognito-idp:AdminCreateUser",
    "cognito-idp:AdminDeleteUser",
    "cognito-idp:AdminDisableUser",
    "cognito-idp:AdminEnableUser",
    "cognito-idp:AdminUpdateUserAttributes",
  ]

  credential_actions = [
    "cognito-idp:AdminDeleteSoftwareToken",
    "cognito-idp:AdminResetUserPassword",
    "cognito-idp:AdminSetUserMFAPreference",
    "cognito-idp:AdminSetUserPassword",
    "cognito-idp:AdminUserGlobalSignOut",
  ]

  group_actions = [
    "cognito-idp:AdminAddUserToGroup",
    "cognito-idp:AdminRemoveUserFromGroup",
    "cognito-idp:CreateGroup",
    "cognito-idp:DeleteGroup",
    "cognito-idp:UpdateGroup",
  ]

  # DescribeUserPoolClient: the function reads the client's secret, so that no configuration holds it, and its flows.
  # Enrolling an authenticator app at sign-in (AssociateSoftwareToken, VerifySoftwareToken) needs no permission.
  sign_in_actions = [
    "cognito-idp:AdminInitiateAuth",
    "cognito-idp:AdminRespondToAuthChallenge",
    "cognito-idp:DescribeUserPoolClient",
  ]

  usermgr_actions = {
    ReadUsersAndGroups = local.read_actions
    WriteUsers         = var.access == "full" ? local.user_actions : []
    WriteCredentials   = var.access == "full" ? local.credential_actions : []
    WriteGroups        = var.access == "full" ? local.group_actions : []
    SignUsersIn        = var.allow_sign_in ? local.sign_in_actions : []
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
    for function, vpc in var.vpc : function => vpc == null ? null : {
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
    key => "arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:${coalesce(var.existing_log_groups[key], "/aws/lambda/${name}")}"
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
