variable "name" {
  description = "The role's name."
  type        = string

  validation {
    condition     = can(regex("^[\\w+=,.@-]{1,64}$", var.name))
    error_message = "name must have 1 to 64 letters, digits and _+=,.@-."
  }
}

variable "path" {
  description = "The path of the role."
  type        = string
  default     = "/"
}

variable "description" {
  description = "What the role is for."
  type        = string
}

variable "boundary" {
  description = "The ARN of the policy that is the role's permissions boundary; null for none."
  type        = string
  default     = null
}

variable "policy_arns" {
  description = "The ARNs of the policies to attach, by names that are known before the policies exist."
  type        = map(string)
}

variable "tags" {
  description = "Tags of the role."
  type        = map(string)
  default     = {}
}
