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
