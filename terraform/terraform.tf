terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      # Run with 5.100.0, and compared with 6.25.0 by the names of attributes.
      source  = "hashicorp/aws"
      version = ">= 5.100"
    }
  }
}
