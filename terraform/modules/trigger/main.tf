# The recorder as a pool's pre token generation trigger: the permission to invoke it, and, on a pool that Terraform
# does not own, the attacher.

locals {
  # Keyed by the pool: a change of pools detaches from the old one while its policy still exists.
  attached_pools = toset(var.attach ? [var.user_pool_id] : [])

  # UpdateUserPool sends every setting back; these need more than itself. See usermgr_cognito.trigger.grants.
  grant_statements = concat(
    var.grants.sms_role_arn == null ? [] : [{
      Sid       = "HandSmsRoleBack"
      Effect    = "Allow"
      Action    = ["iam:PassRole"]
      Resource  = [var.grants.sms_role_arn]
      Condition = { StringEquals = { "iam:PassedToService" = "cognito-idp.amazonaws.com" } }
    }],
    var.grants.sender_kms_key_arn == null ? [] : [{
      Sid      = "HandSenderKeyBack"
      Effect   = "Allow"
      Action   = ["kms:CreateGrant"]
      Resource = [var.grants.sender_kms_key_arn]
    }],
    var.grants.ses_source_arn == null ? [] : [{
      Sid       = "UseSes"
      Effect    = "Allow"
      Action    = ["iam:CreateServiceLinkedRole"]
      Resource  = ["arn:${var.partition}:iam::${var.account_id}:role/aws-service-role/email.cognito-idp.amazonaws.com/*"]
      Condition = { StringEquals = { "iam:AWSServiceName" = "email.cognito-idp.amazonaws.com" } }
    }],
  )
}

resource "aws_lambda_permission" "cognito" {
  statement_id   = "AllowUserPool"
  action         = "lambda:InvokeFunction"
  function_name  = var.recorder_name
  principal      = "cognito-idp.amazonaws.com"
  source_arn     = var.user_pool_arn
  source_account = var.account_id
}

resource "aws_iam_role_policy" "attacher" {
  for_each = local.attached_pools

  name = "attach-to-${each.value}"
  role = var.attacher.role_name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid    = "ReadAndWriteThePool"
        Effect = "Allow"
        Action = concat(
          ["cognito-idp:DescribeUserPool", "cognito-idp:GetUserPoolMfaConfig", "cognito-idp:UpdateUserPool"],
          var.pool_has_tags ? ["cognito-idp:TagResource"] : [],
        )
        Resource = [var.user_pool_arn]
      }],
      local.grant_statements,
    )
  })
}

# Destroyed before all that it depends on: the pool never names a function that is gone or that it may not invoke.
resource "aws_lambda_invocation" "trigger" {
  for_each = local.attached_pools

  function_name   = var.attacher.function_name
  lifecycle_scope = "CRUD"

  input = jsonencode({
    user_pool_id   = each.value
    trigger_arn    = var.recorder_arn
    lambda_version = var.event_version
    replaces       = var.replaces
    grants         = var.grants
  })

  depends_on = [aws_lambda_permission.cognito, aws_iam_role_policy.attacher]
}

# Depends on everything, so destroy comes to it first; while something is protected, it stops there, with all in place.
resource "aws_lambda_invocation" "guard" {
  count = var.attach ? 1 : 0

  function_name   = var.attacher.function_name
  lifecycle_scope = "CRUD"
  input           = jsonencode({ guard = { protected = var.protected } })

  depends_on = [aws_lambda_invocation.trigger]
}

# aws_lambda_invocation does not read back: this shows in every plan a trigger that somebody took away or replaced.
# (A data source inside the check would be planned as a read each time: no plan would ever be empty.)
data "aws_cognito_user_pool" "now" {
  user_pool_id = var.user_pool_id

  # Before the first apply there is nothing to see, and nothing to warn of.
  depends_on = [aws_lambda_invocation.trigger]
}

check "trigger_is_attached" {
  assert {
    condition = contains(
      [
        try(data.aws_cognito_user_pool.now.lambda_config[0].pre_token_generation, null),
        try(data.aws_cognito_user_pool.now.lambda_config[0].pre_token_generation_config[0].lambda_arn, null),
      ],
      var.recorder_arn,
    )
    error_message = "The user pool ${var.user_pool_id} no longer calls ${var.recorder_arn} before it makes tokens: no activity is recorded. Its pre token generation trigger is ${try(coalesce(data.aws_cognito_user_pool.now.lambda_config[0].pre_token_generation), "gone")}. Attach it again by replacing module.trigger.aws_lambda_invocation.trigger (terraform apply -replace=ADDRESS)."
  }
}
