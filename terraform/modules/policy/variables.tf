variable "name" {
  description = "The policy's name."
  type        = string

  validation {
    condition     = can(regex("^[\\w+=,.@-]{1,128}$", var.name))
    error_message = "name must have 1 to 128 letters, digits and _+=,.@-."
  }
}

variable "path" {
  description = "The path of the policy."
  type        = string
  default     = "/"
}

variable "description" {
  description = "What the policy allows."
  type        = string
}

variable "statements" {
  description = "What the function may do with data: actions, the resources that they apply to, and conditions."
  type = list(object({
    sid       = string
    actions   = list(string)
    resources = list(string)
    condition = optional(map(map(string)), {})
  }))

  validation {
    condition     = alltrue([for s in var.statements : length(s.actions) > 0 && length(s.resources) > 0])
    error_message = "Every statement must name actions and resources."
  }

  validation {
    condition     = alltrue([for s in var.statements : !anytrue([for a in s.actions : strcontains(a, "*")])])
    error_message = "Actions must be named in full, without wildcards."
  }
}

variable "log_group_arn" {
  description = "The ARN of the function's own log group."
  type        = string
}

variable "tracing" {
  description = "Whether the function sends traces to X-Ray."
  type        = bool
  default     = false
}

variable "vpc" {
  description = "For a function in a VPC: the ARNs of its subnets, of its security groups, and of the network interfaces that Lambda makes for it (such as arn:aws:ec2:ap-northeast-1:123456789012:network-interface/*); null for none."
  type = object({
    network_interface_arn = string
    subnet_arns           = list(string)
    security_group_arns   = list(string)
  })
  default = null

  validation {
    condition     = var.vpc == null || try(length(var.vpc.subnet_arns) > 0 && length(var.vpc.security_group_arns) > 0, false)
    error_message = "vpc must name subnets and security groups."
  }
}

variable "tags" {
  description = "Tags of the policy."
  type        = map(string)
  default     = {}
}
