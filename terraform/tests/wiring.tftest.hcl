# How the parts fit, without a provider's answers: `terraform test` in this module's folder. variables.tftest.hcl shows what
# each variable does, and modules.tftest.hcl each module by itself.

mock_provider "aws" {
  source = "./tests/aws"
}

override_resource {
  target = module.recorder.aws_lambda_function.function["activity"]
  values = { arn = "arn:aws:lambda:ap-northeast-1:123456789012:function:usermgr_activity" }
}

# Once it is applied, the pool calls the recorder.
override_data {
  target = module.trigger.data.aws_cognito_user_pool.now
  values = {
    lambda_config = [{ pre_token_generation = "arn:aws:lambda:ap-northeast-1:123456789012:function:usermgr_activity" }]
  }
}

variables {
  user_pool_id        = "ap-northeast-1_AbCdEf123"
  functions_directory = "./tests/functions"
}

run "defaults" {
  assert {
    condition = output.environment == tomap({
      ACCOUNT_ID               = "123456789012"
      AWS_REGION               = "ap-northeast-1"
      DYNAMODB_ACTIVITY_POLICY = "usermgr_activity_policy"
      DYNAMODB_NAME            = "usermgr_activity"
      LAMBDA_NAME_ACTIVITY     = "usermgr_activity"
      LAMBDA_NAME_DOWNLOAD     = "usermgr_download_jwks"
      LAMBDA_NAME_TRIGGER      = "usermgr_trigger"
      LAMBDA_NAME_USERMGR      = "usermgr"
      ROLE                     = "usermgr-lambda-role"
      USERPOOL_ID              = "ap-northeast-1_AbCdEf123"
    })
    error_message = "The names that users know are the defaults, and the application gets all of them but CLIENT_ID and SECRET."
  }

  assert {
    condition = {
      for key, function in merge(module.functions.names, module.recorder.names, module.attacher.names) : key => function
      } == {
      activity = "usermgr_activity", download_jwks = "usermgr_download_jwks", trigger = "usermgr_trigger", usermgr = "usermgr"
    }
    error_message = "Four functions are made, under the names that users know."
  }

  assert {
    condition = jsondecode(output.policy_documents.activity) == {
      Version = "2012-10-17"
      Statement = [
        {
          Sid      = "RecordActivity"
          Effect   = "Allow"
          Action   = ["dynamodb:UpdateItem"]
          Resource = ["arn:aws:dynamodb:ap-northeast-1:123456789012:table/mock"]
        },
        {
          Sid      = "WriteOwnLog"
          Effect   = "Allow"
          Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
          Resource = ["arn:aws:logs:ap-northeast-1:123456789012:log-group:/aws/lambda/usermgr_activity:*"]
        },
      ]
    }
    error_message = "The recorder may update items of the one table, and write its own log."
  }

  assert {
    condition = jsondecode(output.policy_documents.trigger_on_pool) == {
      Version = "2012-10-17"
      Statement = [{
        Sid      = "ReadAndWriteThePool"
        Effect   = "Allow"
        Action   = ["cognito-idp:DescribeUserPool", "cognito-idp:GetUserPoolMfaConfig", "cognito-idp:UpdateUserPool"]
        Resource = ["arn:aws:cognito-idp:ap-northeast-1:123456789012:userpool/ap-northeast-1_AbCdEf123"]
      }]
    }
    error_message = "The attacher may read and write the one pool."
  }

  assert {
    condition = jsondecode(output.caller_policy_json).Statement == [{
      Sid      = "ManageUsers"
      Effect   = "Allow"
      Action   = ["lambda:InvokeFunction"]
      Resource = [output.function_arns.usermgr]
    }]
    error_message = "An application may invoke the management function, and nothing else."
  }

  assert {
    condition = jsondecode(output.activity_forget_policy_json).Statement == [{
      Sid      = "ForgetActivity"
      Effect   = "Allow"
      Action   = ["dynamodb:BatchGetItem", "dynamodb:DeleteItem"]
      Resource = ["arn:aws:dynamodb:ap-northeast-1:123456789012:table/mock"]
    }]
    error_message = "Whoever forgets people may read and delete rows of the one table, and not write any."
  }

  assert {
    condition     = module.table.expiry_attribute == null && module.recorder.configurations.activity.environment == tomap({ DYNAMODB_NAME = "usermgr_activity" })
    error_message = "No row expires unless that is wished."
  }

  assert {
    condition     = output.trigger == { user_pool_id = "ap-northeast-1_AbCdEf123", trigger_arn = "t", hash = "h", stack = null }
    error_message = "What the attacher answered is an output."
  }

  assert {
    condition = alltrue([
      for f in merge(module.functions.configurations, module.recorder.configurations, module.attacher.configurations) : f.reserved_concurrency == -1
    ])
    error_message = "By default nothing is reserved: a new account has nothing to reserve from."
  }

  assert {
    condition = alltrue([
      for f in merge(module.functions.configurations, module.recorder.configurations, module.attacher.configurations) : f.vpc == null
    ])
    error_message = "By default every function is outside of a VPC."
  }
}

run "policies" {
  command = plan

  variables {
    access                = "read-only"
    allow_sign_in         = true
    client_id             = "1example23456789"
    tracing_mode          = "Active"
    table_kms_key_arn     = "arn:aws:kms:ap-northeast-1:123456789012:key/two"
    functions_kms_key_arn = "arn:aws:kms:ap-northeast-1:123456789012:key/three"
  }

  assert {
    condition = flatten([for s in jsondecode(output.policy_documents.usermgr).Statement : [for a in s.Action : a if startswith(a, "cognito-idp:")] if s.Sid != "SignUsersIn"]) == [
      "cognito-idp:AdminGetUser",
      "cognito-idp:AdminListGroupsForUser",
      "cognito-idp:DescribeUserPool",
      "cognito-idp:GetGroup",
      "cognito-idp:GetUserPoolMfaConfig",
      "cognito-idp:ListGroups",
      "cognito-idp:ListUsers",
      "cognito-idp:ListUsersInGroup",
    ]
    error_message = "A read-only deployment's role holds only the actions that read."
  }

  assert {
    condition = one([for s in jsondecode(output.policy_documents.usermgr).Statement : s.Action if s.Sid == "SignUsersIn"]) == [
      "cognito-idp:AdminInitiateAuth", "cognito-idp:AdminRespondToAuthChallenge", "cognito-idp:DescribeUserPoolClient",
    ]
    error_message = "With sign-in, the role may sign in and read the client's secret."
  }

  assert {
    condition     = output.environment.CLIENT_ID == "1example23456789"
    error_message = "The application gets CLIENT_ID where it is known."
  }

  assert {
    condition = alltrue([
      for key, document in output.policy_documents :
      key == "trigger_on_pool" || contains([for s in jsondecode(document).Statement : s.Sid], "SendTraces")
    ])
    error_message = "With tracing, every function may send traces."
  }

  assert {
    condition = [
      for document in [output.policy_documents.activity, output.activity_reader_policy_json, output.activity_forget_policy_json] : one([
        for s in jsondecode(document).Statement : jsonencode([s.Effect, s.Action, s.Resource, s.Condition]) if s.Sid == "UseTheTablesKey"
      ])
      ] == [
      for document in ["recorder", "reader", "forgetter"] : jsonencode([
        "Allow", ["kms:Decrypt"], [var.table_kms_key_arn], { StringEquals = { "kms:ViaService" = "dynamodb.ap-northeast-1.amazonaws.com" } },
      ])
    ]
    error_message = "With a key of the account's own, the recorder, a reader and whoever forgets people may use it, through DynamoDB only."
  }

  assert {
    condition = {
      for key, document in output.policy_documents : key => one([
        for s in jsondecode(document).Statement : jsonencode([s.Effect, s.Action, s.Resource, s.Condition]) if s.Sid == "ReadOwnEnvironment"
      ]) if key != "trigger_on_pool"
      } == {
      for key in ["usermgr", "download_jwks", "activity", "trigger"] : key => jsonencode([
        "Allow", ["kms:Decrypt"], [var.functions_kms_key_arn],
        { StringLike = { "kms:EncryptionContext:aws:lambda:FunctionArn" = "arn:aws:lambda:ap-northeast-1:123456789012:function:*" } },
      ])
    }
    error_message = "Every function may decrypt environment variables of functions, with that key, and nothing else."
  }

  assert {
    condition     = alltrue([for document in [output.caller_policy_json, output.jwks_caller_policy_json] : !strcontains(document, "kms:")])
    error_message = "Who only invokes a function needs no key."
  }
}

# The attacher is asked for more: this is applied, as a plan could not look at the pool.
run "trigger" {
  override_data {
    target = module.trigger.data.aws_cognito_user_pool.before
    values = {
      lambda_config = [{ pre_token_generation = "arn:aws:lambda:ap-northeast-1:123456789012:function:theirs" }]
    }
  }

  variables {
    attach_trigger        = true
    trigger_event_version = "V2_0"
    replaces              = { arn = "arn:aws:lambda:ap-northeast-1:123456789012:function:theirs", version = "V1_0" }
    sms_role_arn          = "arn:aws:iam::123456789012:role/sms"
    sender_kms_key_arn    = "arn:aws:kms:ap-northeast-1:123456789012:key/one"
    ses_source_arn        = "arn:aws:ses:ap-northeast-1:123456789012:identity/example.com"
    pool_has_tags         = true
  }

  assert {
    condition = {
      for s in jsondecode(output.policy_documents.trigger_on_pool).Statement : s.Sid => [s.Action, s.Resource, try(s.Condition, null)]
      } == {
      ReadAndWriteThePool = [
        ["cognito-idp:DescribeUserPool", "cognito-idp:GetUserPoolMfaConfig", "cognito-idp:UpdateUserPool", "cognito-idp:TagResource"],
        ["arn:aws:cognito-idp:ap-northeast-1:123456789012:userpool/ap-northeast-1_AbCdEf123"],
        null,
      ]
      HandSmsRoleBack = [
        ["iam:PassRole"],
        ["arn:aws:iam::123456789012:role/sms"],
        { StringEquals = { "iam:PassedToService" = "cognito-idp.amazonaws.com" } },
      ]
      HandSenderKeyBack = [
        ["kms:CreateGrant"],
        ["arn:aws:kms:ap-northeast-1:123456789012:key/one"],
        { StringEquals = { "kms:EncryptionContext:userpool-id" = "ap-northeast-1_AbCdEf123" } },
      ]
      UseSes = [
        ["iam:CreateServiceLinkedRole"],
        ["arn:aws:iam::123456789012:role/aws-service-role/email.cognito-idp.amazonaws.com/*"],
        { StringEquals = { "iam:AWSServiceName" = "email.cognito-idp.amazonaws.com" } },
      ]
    }
    error_message = "Each further grant of the attacher names its resource, and the service or the pool that it is for."
  }

  assert {
    condition = jsonencode(module.trigger.attachment) == jsonencode({
      grants         = { sender_kms_key_arn = var.sender_kms_key_arn, ses_source_arn = var.ses_source_arn, sms_role_arn = var.sms_role_arn }
      lambda_version = var.trigger_event_version
      replaces       = var.replaces
      trigger_arn    = output.recorder_arn
      user_pool_id   = var.user_pool_id
    })
    error_message = "The attacher is asked for the version, and told what it may overwrite and use."
  }

  assert {
    condition     = strcontains(output.policy_documents.trigger_on_pool, "cognito-idp:TagResource") == var.pool_has_tags
    error_message = "Where the pool has tags, the attacher may set tags."
  }

  assert {
    condition     = (output.trigger != null) == var.attach_trigger
    error_message = "The trigger is attached."
  }
}

run "pool_of_terraform" {
  variables {
    attach_trigger = false
  }

  assert {
    condition     = can(output.function_names.trigger) == var.attach_trigger && output.trigger == null && !can(output.role_arns.trigger)
    error_message = "Where Terraform owns the pool, there is no attacher."
  }

  assert {
    condition     = output.recorder_arn == "arn:aws:lambda:ap-northeast-1:123456789012:function:usermgr_activity"
    error_message = "Its lambda_config gets the recorder from our output."
  }
}
