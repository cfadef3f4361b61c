# The trigger by itself, every variable by name, and its warnings.

mock_provider "aws" {
  source = "./tests/aws"
}

variables {
  attach                 = true
  attacher               = { function_name = "attacher", function_arn = "arn:aws:lambda:ap-northeast-1:123456789012:function:attacher", role_name = "attacher-role" }
  recorder_name          = "recorder"
  recorder_arn           = "arn:aws:lambda:ap-northeast-1:123456789012:function:recorder"
  user_pool_id           = "ap-northeast-1_AbCdEf123"
  user_pool_arn          = "arn:aws:cognito-idp:ap-northeast-1:123456789012:userpool/ap-northeast-1_AbCdEf123"
  event_version          = "V2_0"
  replaces               = { arn = "arn:aws:lambda:ap-northeast-1:123456789012:function:theirs", version = "V1_0" }
  grants                 = { sms_role_arn = "arn:aws:iam::123456789012:role/sms" }
  pool_has_tags          = true
  detach_before_removing = ["arn:aws:lambda:ap-northeast-1:123456789012:function:other"]
}

# First, because what the next one applies is kept.
run "taken" {
  command = plan

  module {
    source = "./modules/trigger"
  }

  variables {
    replaces = null
  }

  override_data {
    target = data.aws_cognito_user_pool.before
    values = {
      lambda_config = [{ pre_token_generation = "arn:aws:lambda:ap-northeast-1:123456789012:function:theirs" }]
    }
  }

  expect_failures = [terraform_data.replaced]
}

run "attached" {
  module {
    source = "./modules/trigger"
  }

  override_data {
    target = data.aws_cognito_user_pool.before
    values = {
      lambda_config = [{ pre_token_generation = "arn:aws:lambda:ap-northeast-1:123456789012:function:theirs" }]
    }
  }

  override_data {
    target = data.aws_cognito_user_pool.now
    values = {
      lambda_config = [{ pre_token_generation = "arn:aws:lambda:ap-northeast-1:123456789012:function:recorder" }]
    }
  }

  assert {
    condition     = keys(aws_lambda_invocation.trigger) == [for id in [var.user_pool_id] : id if var.attach]
    error_message = "The attacher is invoked for the pool."
  }

  assert {
    condition     = one(values(aws_lambda_invocation.trigger)).function_name == var.attacher.function_name && one(values(aws_iam_role_policy.attacher)).role == var.attacher.role_name
    error_message = "It is that attacher, whose role gets the policy."
  }

  assert {
    condition = jsonencode(output.attachment) == jsonencode({
      grants         = var.grants
      lambda_version = var.event_version
      replaces       = var.replaces
      trigger_arn    = var.recorder_arn
      user_pool_id   = var.user_pool_id
    })
    error_message = "The attacher is asked for this, and no more."
  }

  assert {
    condition = output.attacher_environment == {
      TRIGGER_ARN              = var.recorder_arn
      REPLACED_TRIGGER_ARN     = var.replaces.arn
      REPLACED_TRIGGER_VERSION = var.replaces.version
    }
    error_message = "Its environment holds what it attaches and restores."
  }

  assert {
    condition     = [aws_lambda_permission.cognito.function_name, aws_lambda_permission.cognito.source_arn, aws_lambda_permission.cognito.source_account] == [var.recorder_name, var.user_pool_arn, split(":", var.user_pool_arn)[4]]
    error_message = "The pool may invoke the recorder."
  }

  assert {
    condition     = contains(flatten([for s in jsondecode(output.attacher_policy_json).Statement : s.Action]), "cognito-idp:TagResource") == var.pool_has_tags
    error_message = "Where the pool has tags, the attacher may set tags."
  }

  assert {
    condition     = terraform_data.rest.input == var.detach_before_removing
    error_message = "What destroy removes later waits for the trigger."
  }
}

run "owned_by_amplify" {
  command = plan

  module {
    source = "./modules/trigger"
  }

  override_data {
    target = data.aws_cognito_user_pool.before
    values = {
      lambda_config = [{ pre_token_generation = "arn:aws:lambda:ap-northeast-1:123456789012:function:recorder" }]
      tags          = { "amplify:app-id" = "d1", "team" = "people" }
    }
  }

  override_data {
    target = data.aws_cognito_user_pool.now
    values = { lambda_config = [{ pre_token_generation = "arn:aws:lambda:ap-northeast-1:123456789012:function:theirs" }] }
  }

  # That the trigger is lost is warned of as well.
  expect_failures = [check.pool_is_nobody_elses, check.trigger_is_attached]
}

run "owned_by_a_stack" {
  module {
    source = "./modules/trigger"
  }

  variables {
    user_pool_id = "ap-northeast-1_OfAStack"
  }

  override_data {
    target = data.aws_cognito_user_pool.before
    values = {
      lambda_config = [{ pre_token_generation = "arn:aws:lambda:ap-northeast-1:123456789012:function:recorder" }]
    }
  }

  override_data {
    target = data.aws_cognito_user_pool.now
    values = {
      lambda_config = [{
        pre_token_generation_config = [{ lambda_arn = "arn:aws:lambda:ap-northeast-1:123456789012:function:recorder", lambda_version = "V1_0" }]
      }]
    }
  }

  override_resource {
    target = aws_lambda_invocation.trigger
    values = { result = "{\"user_pool_id\":\"p\",\"trigger_arn\":\"t\",\"hash\":\"h\",\"stack\":\"people-stack\"}" }
  }

  expect_failures = [check.pool_is_nobody_elses]
}
