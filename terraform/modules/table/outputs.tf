output "name" {
  description = "The table's name."
  value       = aws_dynamodb_table.activity.name
}

output "arn" {
  description = "The table's ARN."
  value       = aws_dynamodb_table.activity.arn
}

output "index_arn" {
  description = "The ARN of the index by the time at which a user was last seen."
  value       = "${aws_dynamodb_table.activity.arn}/index/last_seen"
}

output "expiry_attribute" {
  description = "The attribute whose time DynamoDB removes rows after; null where no row expires."
  value       = one([for ttl in aws_dynamodb_table.activity.ttl : ttl.attribute_name if ttl.enabled])
}

output "deletion_protection" {
  description = "Whether DynamoDB refuses to delete the table."
  value       = aws_dynamodb_table.activity.deletion_protection_enabled
}

output "kms_key_arn" {
  description = "The KMS key that encrypts the table; null for a key that AWS owns."
  value       = one([for encryption in aws_dynamodb_table.activity.server_side_encryption : encryption.kms_key_arn])
}

output "tags" {
  description = "The table's tags."
  value       = aws_dynamodb_table.activity.tags
}
