variable "functions" {
  description = "The functions by key, with the settings that differ between them. The code is a zip file, or a key in a bucket, with its SHA-256 in base64. A reserved_concurrency of -1 reserves nothing; log_group names a group that is there already, and vpc the subnets that the function runs in, which its role must allow."
  type = map(object({
    name        = string
    description = string
    role_arn    = string
    code = object({
      file   = optional(string)
      bucket = optional(string)
      key    = optional(string)
      hash   = string
    })
    handler              = string
    environment          = optional(map(string), {})
    memory_size          = number
    timeout              = number
    reserved_concurrency = optional(number, -1)
    log_group            = optional(string)
    vpc = optional(object({
      subnet_ids         = list(string)
      security_group_ids = list(string)
    }))
  }))

  validation {
    condition     = alltrue([for f in var.functions : can(regex("^[a-zA-Z0-9_-]{1,64}$", f.name))])
    error_message = "A function's name must have 1 to 64 letters, digits, _ and -."
  }

  validation {
    condition     = alltrue([for f in var.functions : (f.code.file == null) == (f.code.bucket != null && f.code.key != null)])
    error_message = "code must have a file, or a bucket and a key."
  }

  validation {
    condition     = alltrue([for f in var.functions : f.memory_size >= 128 && f.memory_size <= 10240])
    error_message = "memory_size must be 128 to 10240 (MiB)."
  }

  validation {
    condition     = alltrue([for f in var.functions : f.timeout >= 1 && f.timeout <= 900])
    error_message = "timeout must be 1 to 900 (seconds)."
  }

  validation {
    condition     = alltrue([for f in var.functions : f.reserved_concurrency >= 1 || f.reserved_concurrency == -1])
    error_message = "reserved_concurrency must be at least 1, or -1."
  }

  validation {
    condition     = alltrue([for f in var.functions : f.vpc == null || try(length(f.vpc.subnet_ids) > 0 && length(f.vpc.security_group_ids) > 0, false)])
    error_message = "vpc must name subnets and security groups."
  }
}

variable "settings" {
  description = "Settings that all functions share: Lambda's runtime, the processor (arm64 or x86_64), X-Ray (PassThrough or Active), days to keep logs, the KMS key that encrypts the logs (null for CloudWatch's own encryption), the one that encrypts environment variables (null for the key that AWS owns), and the tags of functions and log groups."
  type = object({
    runtime            = string
    architecture       = string
    tracing_mode       = optional(string, "PassThrough")
    log_retention_days = number
    log_kms_key_arn    = optional(string)
    kms_key_arn        = optional(string)
    tags               = optional(map(string), {})
  })
}
