# A user pool, its app client, and usermgr. Terraform owns the pool, so the pool itself names the recorder, and there
# is no attacher: it and this configuration would overwrite each other's settings.

resource "aws_cognito_user_pool" "people" {
  name                     = "people"
  username_attributes      = ["email"]
  auto_verified_attributes = ["email"]
  deletion_protection      = "ACTIVE"
  user_pool_tier           = "ESSENTIALS"

  username_configuration {
    case_sensitive = false
  }

  password_policy {
    minimum_length                   = 14
    require_lowercase                = true
    require_numbers                  = true
    require_symbols                  = false
    require_uppercase                = true
    temporary_password_validity_days = 7
  }

  admin_create_user_config {
    allow_admin_create_user_only = true
  }

  lambda_config {
    pre_token_generation_config {
      lambda_arn     = module.usermgr.recorder_arn
      lambda_version = "V2_0"
    }

    pre_token_generation = module.usermgr.recorder_arn
  }
}

resource "aws_cognito_user_pool_client" "app" {
  name                          = "app"
  user_pool_id                  = aws_cognito_user_pool.people.id
  explicit_auth_flows           = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
  prevent_user_existence_errors = "ENABLED"
  enable_token_revocation       = true

  # A public client: a secret would be in Terraform's state.
  generate_secret = false
}

module "usermgr" {
  source = "../.."

  user_pool_id          = aws_cognito_user_pool.people.id
  client_id             = aws_cognito_user_pool_client.app.id
  functions_directory   = var.functions_directory
  attach_trigger        = false
  trigger_event_version = "V2_0"
  allow_sign_in         = true
}
