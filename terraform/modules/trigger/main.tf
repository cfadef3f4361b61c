# The recorder as a pool's pre token generation trigger: the permission to invoke it, and, on a pool that Terraform
# does not own, the attacher.

locals {
  # Keyed by the pool: a change of pools detaches from the old one while its policy still exists.
  attached_pools = toset(var.attach ? [var.user_pool_id] : [])

  partition  = split(":", var.user_pool_arn)[1]
  account_id = split(":", var.user_pool_arn)[4]

  # Functions of this account and Region; the recorder's own ARN is not known before it exists, but its name is.
  functions_prefix = "arn:${local.partition}:lambda:${split(":", var.user_pool_arn)[3]}:${local.account_id}:function:"
  recorder_arn     = "${local.functions_prefix}${var.recorder_name}"

  # The pool's pre token generation trigger as the plan finds it. Its older form has no version.
  found = {
    for id, pool in data.aws_cognito_user_pool.before : id => try(
      {
        arn     = coalesce(pool.lambda_config[0].pre_token_generation_config[0].lambda_arn)
        version = coalesce(pool.lambda_config[0].pre_token_generation_config[0].lambda_version, "V1_0")
      },
      { arn = coalesce(pool.lambda_config[0].pre_token_generation), version = "V1_0" },
      null,
    )
  }

  # What destroy restores: the first replaces of this pool. One that is given later counts while there was none before,
  # or while it is what the plan finds in the pool.
  replaced = {
    for id in local.attached_pools : id => (
      var.replaces != null && try(local.found[id] == var.replaces, false)
      ? var.replaces
      : try(coalesce(terraform_data.replaced[id].input.replaces, var.replaces), null)
    )
  }

  # Who else updates the pool, and resets its triggers then. The provider hides AWS's own tags, so that only Amplify shows
  # before the attacher has seen the pool.
  amplify_tags = toset(flatten([
    for pool in data.aws_cognito_user_pool.before : [
      for key, value in coalesce(pool.tags, {}) : key if startswith(key, "amplify:") || (key == "created-by" && value == "amplify")
    ]
  ]))

  owner = length(local.amplify_tags) > 0 ? "AWS Amplify" : one([
    for invocation in aws_lambda_invocation.trigger : try("the CloudFormation stack ${jsondecode(invocation.result).stack}", null)
  ])

  # How to attach again. A line that begins with spaces is one that Terraform does not break, to be copied.
  remedy = var.attach ? "To attach it again (put module.NAME. before the address where usermgr is a module of yours):\n  terraform apply -replace='module.trigger.aws_lambda_invocation.trigger[\"${var.user_pool_id}\"]'" : "Name it in the pool's lambda_config."

  # What the attacher restores until this plan is applied.
  restored_before = {
    for id, attacher in data.aws_lambda_function.attacher : id => try(
      {
        arn     = attacher.environment[0].variables["REPLACED_TRIGGER_ARN"]
        version = attacher.environment[0].variables["REPLACED_TRIGGER_VERSION"]
      },
      null,
    )
  }

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
      # https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-custom-sender-triggers.html
      Condition = { StringEquals = { "kms:EncryptionContext:userpool-id" = var.user_pool_id } }
    }],
    var.grants.ses_source_arn == null ? [] : [{
      Sid       = "UseSes"
      Effect    = "Allow"
      Action    = ["iam:CreateServiceLinkedRole"]
      Resource  = ["arn:${local.partition}:iam::${local.account_id}:role/aws-service-role/email.cognito-idp.amazonaws.com/*"]
      Condition = { StringEquals = { "iam:AWSServiceName" = "email.cognito-idp.amazonaws.com" } }
    }],
  )
}

resource "aws_lambda_permission" "cognito" {
  statement_id   = "AllowUserPool_${var.user_pool_id}"
  action         = "lambda:InvokeFunction"
  function_name  = var.recorder_name
  principal      = "cognito-idp.amazonaws.com"
  source_arn     = var.user_pool_arn
  source_account = local.account_id

  # Another pool, or a recorder with a new name, is allowed before the old one is not.
  lifecycle {
    create_before_destroy = true
  }
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

# Read while planning, so that a mistyped pool or an occupied trigger stops the plan.
data "aws_cognito_user_pool" "before" { # is user_pool_id right? if the pool was deleted, run: terraform destroy -refresh=false
  for_each = local.attached_pools

  user_pool_id = each.value
}

# Read while planning, but for a new attacher, whose ARN is not known yet.
data "aws_lambda_function" "attacher" {
  for_each = local.attached_pools

  function_name = split(":", var.attacher.function_arn)[6]
}

# Keeps the first replaces until destroy has restored it, even if the variable is removed or changed.
resource "terraform_data" "replaced" {
  for_each = local.attached_pools

  input = {
    replaces = var.replaces
    found    = local.found[each.value]
    is_ours  = try(local.found[each.value].arn == local.recorder_arn, false)
  }

  lifecycle {
    ignore_changes = [input]

    precondition {
      condition     = var.replaces == null || startswith(try(var.replaces.arn, ""), local.functions_prefix)
      error_message = "replaces.arn must be a function of the pool's account and Region, like ${local.functions_prefix}NAME."
    }

    # The second line begins with spaces: Terraform breaks all others, and this one is to be copied from.
    postcondition {
      condition     = self.input.found == null || self.input.is_ours || self.input.found == self.input.replaces
      error_message = "nothing was changed: ${each.value} already has another pre token generation trigger.\n  ${try("${self.input.found.arn} (${self.input.found.version})", "")}: to replace it, and restore it on destroy, set replaces = { arn = \"${try(self.input.found.arn, "")}\", version = \"${try(self.input.found.version, "")}\" }"
    }

    postcondition {
      condition     = self.input.replaces == null || self.input.is_ours || self.input.found != null
      error_message = "nothing was changed: ${each.value} has no pre token generation trigger, but replaces names ${try(self.input.replaces.arn, "one")}: leave replaces out."
    }
  }
}

# Destroyed before all that it depends on: the pool never names a function that is gone or that it may not invoke.
resource "aws_lambda_invocation" "trigger" {
  for_each = local.attached_pools

  function_name   = var.attacher.function_name
  lifecycle_scope = "CRUD"

  # The attacher takes function and replaces from its environment, and refuses an event that names others: they are here
  # so that a change of theirs is a change of this resource.
  input = jsonencode({
    user_pool_id   = each.value
    trigger_arn    = var.recorder_arn
    lambda_version = var.event_version
    replaces       = local.replaced[each.value]
    grants         = var.grants
  })

  depends_on = [aws_lambda_permission.cognito, aws_iam_role_policy.attacher, terraform_data.rest]
}

# Between the trigger and other modules, in place of depends_on on the module: that would put off the reading of the pool,
# and with it the warning, in every plan that changes any of them.
resource "terraform_data" "rest" {
  input = var.detach_before_removing
}

# Its output is unknown while the invocation above is about to change, and known otherwise: the pool below is then read
# after the change, and in all other plans while planning, whatever else is about to change.
resource "terraform_data" "attached" {
  for_each = local.attached_pools

  input = {
    user_pool_id = each.value
    event        = aws_lambda_invocation.trigger[each.value].input
  }
}

# aws_lambda_invocation does not read back: this shows in every plan a trigger that somebody took away or replaced.
# (A data source inside the check would be planned as a read each time: no plan would ever be empty.)
data "aws_cognito_user_pool" "now" { # if the pool was deleted, run: terraform destroy -refresh=false
  user_pool_id = var.attach ? one([for attached in terraform_data.attached : attached.output.user_pool_id]) : var.user_pool_id
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
    error_message = "The user pool ${var.user_pool_id} does not call ${var.recorder_arn} before it makes tokens: no activity is recorded. Its pre token generation trigger is ${try(coalesce(data.aws_cognito_user_pool.now.lambda_config[0].pre_token_generation), coalesce(data.aws_cognito_user_pool.now.lambda_config[0].pre_token_generation_config[0].lambda_arn), "gone")}. ${local.remedy}"
  }
}

# A stack's update of the pool sends the stack's own triggers, and so removes ours. The message takes the ARN that is known
# before the function is there: of one that is not, Terraform would show nothing.
check "pool_is_nobody_elses" {
  assert {
    condition     = local.owner == null
    error_message = "The user pool ${var.user_pool_id} belongs to ${coalesce(local.owner, "nobody else")}, which resets the triggers that it does not know when it next updates the pool: then no activity is recorded. First apply with attach_trigger = false, which detaches, and then name ${local.recorder_arn} as the pool's pre token generation trigger there."
  }
}

# The guard is the root module's, and needs no function any more.
removed {
  from = aws_lambda_invocation.guard

  lifecycle {
    destroy = false
  }
}
