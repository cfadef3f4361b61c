# How the parts fit, without a provider's answers: `terraform test` in this module's folder.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_region" {
    defaults = { id = "ap-northeast-1" }
  }

  mock_data "aws_cognito_user_pool" {
    defaults = {
      lambda_config = [{
        pre_token_generation = "arn:aws:lambda:ap-northeast-1:123456789012:function:usermgr_activity"
      }]
    }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/mock" }
  }

  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::123456789012:policy/mock" }
  }

  mock_resource "aws_dynamodb_table" {
    defaults = { arn = "arn:aws:dynamodb:ap-northeast-1:123456789012:table/usermgr_activity" }
  }

  mock_resource "aws_lambda_function" {
    defaults = { arn = "arn:aws:lambda:ap-northeast-1:123456789012:function:mock" }
  }

  mock_resource "aws_lambda_invocation" {
    defaults = { result = "{\"user_pool_id\":\"ap-northeast-1_AbCdEf123\",\"trigger_arn\":\"t\",\"hash\":\"h\"}" }
  }
}

override_resource {
  target = module.recorder.aws_lambda_function.function["activity"]
  values = { arn = "arn:aws:lambda:ap-northeast-1:123456789012:function:usermgr_activity" }
}

variables {
  user_pool_id = "ap-northeast-1_AbCdEf123"
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
          Resource = ["arn:aws:dynamodb:ap-northeast-1:123456789012:table/usermgr_activity"]
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
      Resource = ["arn:aws:dynamodb:ap-northeast-1:123456789012:table/usermgr_activity"]
    }]
    error_message = "Whoever forgets people may read and delete rows of the one table, and not write any."
  }

  assert {
    condition     = module.table.expiry_attribute == null && module.recorder.environments.activity == tomap({ DYNAMODB_NAME = "usermgr_activity" })
    error_message = "No row expires unless that is wished."
  }

  assert {
    condition     = output.trigger == { user_pool_id = "ap-northeast-1_AbCdEf123", trigger_arn = "t", hash = "h" }
    error_message = "What the attacher answered is an output."
  }
}

run "read_only" {
  variables {
    access = "read-only"
  }

  assert {
    condition = flatten([for s in jsondecode(output.policy_documents.usermgr).Statement : s.Action if startswith(s.Sid, "Read") || startswith(s.Sid, "Sign") || s.Sid != "WriteOwnLog"]) == [
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
}

run "sign_in" {
  variables {
    allow_sign_in = true
    client_id     = "1example23456789"
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
}

run "grants" {
  variables {
    sms_role_arn       = "arn:aws:iam::123456789012:role/sms"
    sender_kms_key_arn = "arn:aws:kms:ap-northeast-1:123456789012:key/one"
    ses_source_arn     = "arn:aws:ses:ap-northeast-1:123456789012:identity/example.com"
    pool_has_tags      = true
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
}

run "tracing_and_keys" {
  variables {
    tracing_mode      = "Active"
    table_kms_key_arn = "arn:aws:kms:ap-northeast-1:123456789012:key/two"
  }

  assert {
    condition = alltrue([
      for key, document in output.policy_documents :
      key == "trigger_on_pool" || contains([for s in jsondecode(document).Statement : s.Sid], "SendTraces")
    ])
    error_message = "With tracing, every function may send traces."
  }

  assert {
    condition = one([for s in jsondecode(output.policy_documents.activity).Statement : s if s.Sid == "UseTheTablesKey"]) == {
      Sid       = "UseTheTablesKey"
      Effect    = "Allow"
      Action    = ["kms:Decrypt"]
      Resource  = ["arn:aws:kms:ap-northeast-1:123456789012:key/two"]
      Condition = { StringEquals = { "kms:ViaService" = "dynamodb.ap-northeast-1.amazonaws.com" } }
    }
    error_message = "With a key of the account's own, the recorder may use it, through DynamoDB only."
  }
}

run "pool_of_terraform" {
  variables {
    attach_trigger = false
  }

  assert {
    condition     = output.trigger == null && !can(output.function_names.trigger) && !can(output.role_arns.trigger)
    error_message = "Where Terraform owns the pool, there is no attacher."
  }

  assert {
    condition     = output.recorder_arn == "arn:aws:lambda:ap-northeast-1:123456789012:function:usermgr_activity"
    error_message = "Its lambda_config gets the recorder from our output."
  }
}

run "what_companies_demand" {
  # No trigger yet: the default mock's is of a recorder without a prefix, which would be somebody else's.
  override_data {
    target = module.trigger.data.aws_cognito_user_pool.before
    values = { lambda_config = [] }
  }

  variables {
    name_prefix           = "staging-"
    role_path             = "/teams/people/"
    permissions_boundary  = "arn:aws:iam::123456789012:policy/boundary"
    functions_kms_key_arn = "arn:aws:kms:ap-northeast-1:123456789012:key/three"
  }

  assert {
    condition = output.environment == tomap({
      ACCOUNT_ID               = "123456789012"
      AWS_REGION               = "ap-northeast-1"
      DYNAMODB_ACTIVITY_POLICY = "staging-usermgr_activity_policy"
      DYNAMODB_NAME            = "staging-usermgr_activity"
      LAMBDA_NAME_ACTIVITY     = "staging-usermgr_activity"
      LAMBDA_NAME_DOWNLOAD     = "staging-usermgr_download_jwks"
      LAMBDA_NAME_TRIGGER      = "staging-usermgr_trigger"
      LAMBDA_NAME_USERMGR      = "staging-usermgr"
      ROLE                     = "staging-usermgr-lambda-role"
      USERPOOL_ID              = "ap-northeast-1_AbCdEf123"
    })
    error_message = "name_prefix is before every name."
  }

  assert {
    condition     = alltrue([for name in output.alarm_names : startswith(name, "staging-usermgr_activity-")])
    error_message = "The alarms have the prefix too."
  }

  assert {
    condition = alltrue([
      for role in concat(values(module.role), [module.recorder_role]) :
      role.path == "/teams/people/" && role.boundary == "arn:aws:iam::123456789012:policy/boundary"
    ])
    error_message = "Every role has the path and the permissions boundary."
  }

  assert {
    condition = alltrue(flatten([
      for functions in [module.functions, module.recorder, module.attacher] : [
        for key in values(functions.kms_key_arns) : key == "arn:aws:kms:ap-northeast-1:123456789012:key/three"
      ]
    ]))
    error_message = "Every function's environment is encrypted with the key."
  }
}

run "zips_from_a_bucket" {
  variables {
    functions_directory = "/nowhere"
    functions_s3_bucket = "people-artifacts"
    functions_s3_prefix = "usermgr-1.0.0/"
    functions_s3_hashes = {
      usermgr       = "${join("", [for i in range(43) : "a"])}="
      download_jwks = "${join("", [for i in range(43) : "b"])}="
      activity      = "${join("", [for i in range(43) : "c"])}="
      attacher      = "${join("", [for i in range(43) : "d"])}="
    }
  }

  assert {
    condition = jsonencode(merge(module.functions.code, module.recorder.code, module.attacher.code)) == jsonencode({
      for key, zip in { usermgr = "usermgr", download_jwks = "download_jwks", activity = "activity", trigger = "attacher" } : key => {
        file                    = null
        bucket                  = "people-artifacts"
        key                     = "usermgr-1.0.0/${zip}.zip"
        hash                    = var.functions_s3_hashes[zip]
      }
    })
    error_message = "With a bucket, every function's code comes from there, and no zip is needed here."
  }
}

run "days_that_expire" {
  variables {
    activity_days_kept = 400
  }

  assert {
    condition     = module.table.expiry_attribute == "expires_at"
    error_message = "With activity_days_kept, DynamoDB removes rows by expires_at."
  }

  assert {
    condition = module.recorder.environments.activity == tomap({
      ACTIVITY_DAYS_KEPT = "400"
      DYNAMODB_NAME      = "usermgr_activity"
    })
    error_message = "The recorder is told how many days to keep."
  }
}
