output "names" {
  description = "The functions' names by key."
  value       = { for key, function in aws_lambda_function.function : key => function.function_name }
}

output "arns" {
  description = "The functions' ARNs by key."
  value       = { for key, function in aws_lambda_function.function : key => function.arn }
}

output "log_group_names" {
  description = "The names of the functions' log groups by key."
  value       = { for key, group in aws_cloudwatch_log_group.function : key => group.name }
}

output "kms_key_arns" {
  description = "The KMS keys of the functions' environment variables by key; null for the key that AWS owns."
  value       = { for key, function in aws_lambda_function.function : key => function.kms_key_arn }
}

output "code" {
  description = "Where the functions' code is, by key: file, or bucket and key, and the hash."
  value = {
    for key, function in aws_lambda_function.function : key => {
      file   = function.filename
      bucket = function.s3_bucket
      key    = function.s3_key
      hash   = function.source_code_hash
    }
  }
}

output "environments" {
  description = "The functions' environment variables by key."
  value       = { for key, function in aws_lambda_function.function : key => try(one(function.environment).variables, {}) }
}
