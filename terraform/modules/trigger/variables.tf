variable "attach" {
  description = "Whether to attach the trigger to the pool; false where Terraform owns the pool and declares its lambda_config."
  type        = bool
}

variable "attacher" {
  description = "The function that attaches, with its ARN and its role's name; null where nothing is attached."
  type = object({
    function_name = string
    function_arn  = string
    role_name     = string
  })

  validation {
    condition     = !var.attach || var.attacher != null
    error_message = "attacher must be given to attach."
  }
}

variable "recorder_name" {
  description = "The name of the function that the pool calls."
  type        = string
}

variable "recorder_arn" {
  description = "The ARN of the function that the pool calls."
  type        = string
}

variable "user_pool_id" {
  description = "The pool's id."
  type        = string
}

variable "user_pool_arn" {
  description = "The pool's ARN; its account and Region are also those of the functions."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:cognito-idp:[a-z0-9-]+:[0-9]{12}:userpool/.+$", var.user_pool_arn))
    error_message = "user_pool_arn must be the ARN of a user pool."
  }
}

variable "event_version" {
  description = "The version of the trigger's event."
  type        = string
}

variable "replaces" {
  description = "Another function's trigger that may be replaced and is restored on destroy; exactly as the pool has it."
  type = object({
    arn     = string
    version = string
  })
  default = null
}

variable "grants" {
  description = "What the attacher may use so that it can send all settings of the pool back."
  type = object({
    sms_role_arn       = optional(string)
    sender_kms_key_arn = optional(string)
    ses_source_arn     = optional(string)
  })
  default = {}
}

variable "pool_has_tags" {
  description = "Whether to grant the attacher cognito-idp:TagResource on the pool."
  type        = bool
  default     = false
}

variable "detach_before_removing" {
  description = "The ARNs of other resources that destroy removes only after the trigger was detached."
  type        = list(string)
  default     = []
}
