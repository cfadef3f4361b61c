# The activity table. Its keys are those of usermgr-activity (usermgr_activity.table).

resource "aws_dynamodb_table" "activity" {
  name                        = var.name
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "pk"
  range_key                   = "sk"
  deletion_protection_enabled = var.deletion_protection
  tags                        = var.tags

  attribute {
    name = "pk"
    type = "S"
  }

  attribute {
    name = "sk"
    type = "S"
  }

  attribute {
    name = "last_seen_shard"
    type = "S"
  }

  attribute {
    name = "last_seen"
    type = "S"
  }

  global_secondary_index {
    name            = "last_seen"
    hash_key        = "last_seen_shard"
    range_key       = "last_seen"
    projection_type = "ALL"
  }

  point_in_time_recovery {
    enabled = true
  }

  # A block that is there or not, because the provider fails to turn time to live off again:
  # https://github.com/hashicorp/terraform-provider-aws/issues/44730
  dynamic "ttl" {
    for_each = var.rows_expire ? ["expires_at"] : []

    content {
      enabled        = true
      attribute_name = ttl.value
    }
  }

  # Without a key of the account's own, DynamoDB encrypts with a key that AWS owns, at no cost:
  # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.howitworks.html
  dynamic "server_side_encryption" {
    for_each = var.kms_key_arn == null ? [] : [var.kms_key_arn]

    content {
      enabled     = true
      kms_key_arn = server_side_encryption.value
    }
  }
}
