variable "region" {
  description = "The AWS Region of the user pool and of everything here."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be like ap-northeast-1."
  }
}

variable "user_pool_id" {
  description = "The id of the user pool, which belongs to somebody else and stays theirs."
  type        = string
}

variable "functions_directory" {
  description = "The folder with the zips of the functions; null for dist/functions of this source tree."
  type        = string
  default     = null
}

variable "availability_zones" {
  description = "The zones of the application's subnets, such as [\"ap-northeast-1a\", \"ap-northeast-1c\"]."
  type        = list(string)

  validation {
    condition     = length(var.availability_zones) > 0 && alltrue([for zone in var.availability_zones : startswith(zone, var.region)])
    error_message = "availability_zones must name zones of region."
  }
}
