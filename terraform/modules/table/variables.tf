variable "name" {
  description = "The table's name."
  type        = string

  validation {
    condition     = can(regex("^[a-zA-Z0-9_.-]{3,255}$", var.name))
    error_message = "name must have 3 to 255 letters, digits and _.-."
  }
}

variable "deletion_protection" {
  description = "Whether DynamoDB refuses to delete the table."
  type        = bool
  default     = false
}

variable "rows_expire" {
  description = "Whether DynamoDB removes rows whose expires_at has passed. Once on, it stays on when this is set back: only rows that the recorder gave an expiry are ever removed."
  type        = bool
  default     = false
}

variable "kms_key_arn" {
  description = "The KMS key that encrypts the table; null for a key that AWS owns."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of the table."
  type        = map(string)
  default     = {}
}
