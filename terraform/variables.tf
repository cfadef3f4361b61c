variable "user_pool_id" {
  description = "The id of the Cognito user pool that usermgr manages (USERPOOL_ID)."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}_[0-9a-zA-Z]+$", var.user_pool_id))
    error_message = "user_pool_id must be like ap-northeast-1_AbCdEf123."
  }
}

variable "account_id" {
  description = "The AWS account that the credentials must belong to (ACCOUNT_ID); null to accept any."
  type        = string
  default     = null

  validation {
    condition     = var.account_id == null || can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id must have 12 digits."
  }
}

variable "client_id" {
  description = "The id of the pool's app client (CLIENT_ID); only sign-in needs it. Its secret never enters Terraform."
  type        = string
  default     = null

  validation {
    condition     = var.client_id == null || can(regex("^[\\w+]{1,128}$", var.client_id))
    error_message = "client_id must have 1 to 128 letters, digits, _ and +."
  }
}

# --- What the functions may do ------------------------------------------------------------------------

variable "access" {
  description = "What the management function offers: \"full\", or \"read-only\". Its role holds no more."
  type        = string
  default     = "full"

  validation {
    condition     = contains(["full", "read-only"], var.access)
    error_message = "access must be \"full\" or \"read-only\"."
  }
}

variable "allow_sign_in" {
  description = "Whether the management function also signs users in, with client_id."
  type        = bool
  default     = false

  validation {
    condition     = !var.allow_sign_in || var.client_id != null
    error_message = "allow_sign_in needs client_id."
  }
}

# --- The trigger --------------------------------------------------------------------------------------

variable "attach_trigger" {
  description = "Whether to attach the recorder to the pool. Set it to false where Terraform owns the pool, and declare lambda_config there from the output recorder_arn."
  type        = bool
  default     = true
}

variable "trigger_event_version" {
  description = "The version of the pre token generation event: V1_0, V2_0 or V3_0. V2_0 and V3_0 need a pool on the plan Essentials or Plus, and V3_0 also counts machine-to-machine tokens."
  type        = string
  default     = "V1_0"

  validation {
    condition     = contains(["V1_0", "V2_0", "V3_0"], var.trigger_event_version)
    error_message = "trigger_event_version must be V1_0, V2_0 or V3_0."
  }
}

variable "replaces" {
  description = "Somebody else's pre token generation trigger that may be replaced, exactly as the pool has it; destroy restores it. Without this, apply refuses to overwrite a trigger."
  type = object({
    arn     = string
    version = string
  })
  default = null

  validation {
    condition     = var.replaces == null || can(regex("^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[^:]+(:[^:]+)?$", var.replaces.arn))
    error_message = "replaces.arn must be the ARN of a Lambda function."
  }

  validation {
    condition     = var.replaces == null || contains(["V1_0", "V2_0", "V3_0"], try(var.replaces.version, ""))
    error_message = "replaces.version must be V1_0, V2_0 or V3_0."
  }
}

variable "sms_role_arn" {
  description = "The pool's role for text messages, if it has one (SmsConfiguration.SnsCallerArn, or EumsSms.CallerArn where it sends with AWS End User Messaging): grants the attacher iam:PassRole on it, to Cognito only."
  type        = string
  default     = null

  validation {
    condition     = var.sms_role_arn == null || can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$", var.sms_role_arn))
    error_message = "sms_role_arn must be the ARN of an IAM role."
  }
}

variable "sender_kms_key_arn" {
  description = "The pool's key for custom senders (LambdaConfig.KMSKeyID), if it has one: grants the attacher kms:CreateGrant on it."
  type        = string
  default     = null

  validation {
    condition     = var.sender_kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.sender_kms_key_arn))
    error_message = "sender_kms_key_arn must be the ARN of a KMS key."
  }
}

variable "ses_source_arn" {
  description = "The SES identity that the pool sends e-mail from (EmailConfiguration.SourceArn), if it does: grants the attacher iam:CreateServiceLinkedRole for Cognito's e-mail only."
  type        = string
  default     = null

  validation {
    condition     = var.ses_source_arn == null || can(regex("^arn:aws[a-z-]*:ses:[a-z0-9-]+:[0-9]{12}:identity/.+$", var.ses_source_arn))
    error_message = "ses_source_arn must be the ARN of an SES identity."
  }
}

variable "pool_has_tags" {
  description = "Whether to grant the attacher cognito-idp:TagResource on the pool, for a pool with tags."
  type        = bool
  default     = false
}

# --- Names --------------------------------------------------------------------------------------------

variable "name_prefix" {
  description = "Put before every name, so that several deployments fit into one account and Region, such as \"staging-\"."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^[a-zA-Z0-9_-]{0,20}$", var.name_prefix))
    error_message = "name_prefix must have at most 20 letters, digits, _ and -."
  }
}

variable "role_path" {
  description = "The path of roles and policies. To change it later, change role_name and activity_policy_name too: IAM does not allow a name twice."
  type        = string
  default     = "/"

  validation {
    condition     = can(regex("^/([!-.0-~]+/)*$", var.role_path)) && length(var.role_path) <= 512
    error_message = "role_path must begin and end with /, such as /teams/people/."
  }
}

variable "permissions_boundary" {
  description = "The ARN of the policy that is the permissions boundary of every role; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary == null || can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary))
    error_message = "permissions_boundary must be the ARN of an IAM policy."
  }
}

variable "role_name" {
  description = "The prefix of the roles' names; each function has a role of its own (ROLE)."
  type        = string
  default     = "usermgr-lambda-role"

  validation {
    condition     = can(regex("^[\\w+=,.@-]{1,50}$", var.role_name))
    error_message = "role_name must have 1 to 50 letters, digits and _+=,.@-."
  }
}

variable "activity_policy_name" {
  description = "The name of the recorder's policy (DYNAMODB_ACTIVITY_POLICY)."
  type        = string
  default     = "usermgr_activity_policy"

  validation {
    condition     = can(regex("^[\\w+=,.@-]{1,128}$", var.activity_policy_name))
    error_message = "activity_policy_name must have 1 to 128 letters, digits and _+=,.@-."
  }
}

variable "activity_table_name" {
  description = "The name of the activity table (DYNAMODB_NAME)."
  type        = string
  default     = "usermgr_activity"

  validation {
    condition     = can(regex("^[a-zA-Z0-9_.-]{3,255}$", var.activity_table_name))
    error_message = "activity_table_name must have 3 to 255 letters, digits and _.-."
  }
}

variable "activity_days_kept" {
  description = "How many days the rows that say who was seen on a day are kept after it, by DynamoDB's time to live; null keeps them for ever. It counts for rows written from then on, and last seen never depends on it."
  type        = number
  default     = null

  validation {
    condition     = var.activity_days_kept == null || try(var.activity_days_kept >= 1 && var.activity_days_kept <= 3650 && floor(var.activity_days_kept) == var.activity_days_kept, false)
    error_message = "activity_days_kept must be a whole number from 1 to 3650, or null."
  }
}

variable "function_name_usermgr" {
  description = "The name of the management function (LAMBDA_NAME_USERMGR)."
  type        = string
  default     = "usermgr"

  validation {
    condition     = can(regex("^[a-zA-Z0-9_-]{1,64}$", var.function_name_usermgr))
    error_message = "function_name_usermgr must have 1 to 64 letters, digits, _ and -."
  }
}

variable "function_name_download_jwks" {
  description = "The name of the function that downloads the JWKS (LAMBDA_NAME_DOWNLOAD)."
  type        = string
  default     = "usermgr_download_jwks"

  validation {
    condition     = can(regex("^[a-zA-Z0-9_-]{1,64}$", var.function_name_download_jwks))
    error_message = "function_name_download_jwks must have 1 to 64 letters, digits, _ and -."
  }
}

variable "function_name_activity" {
  description = "The name of the recorder (LAMBDA_NAME_ACTIVITY)."
  type        = string
  default     = "usermgr_activity"

  validation {
    condition     = can(regex("^[a-zA-Z0-9_-]{1,64}$", var.function_name_activity))
    error_message = "function_name_activity must have 1 to 64 letters, digits, _ and -."
  }
}

variable "function_name_trigger" {
  description = "The name of the attacher (LAMBDA_NAME_TRIGGER)."
  type        = string
  default     = "usermgr_trigger"

  validation {
    condition     = can(regex("^[a-zA-Z0-9_-]{1,64}$", var.function_name_trigger))
    error_message = "function_name_trigger must have 1 to 64 letters, digits, _ and -."
  }

  validation {
    condition     = length(distinct([var.function_name_usermgr, var.function_name_download_jwks, var.function_name_activity, var.function_name_trigger])) == 4
    error_message = "function_name_usermgr, function_name_download_jwks, function_name_activity and function_name_trigger must be four different names."
  }
}

# --- How the functions run ----------------------------------------------------------------------------

variable "functions_directory" {
  description = "The folder with the functions' zips, which `make functions` builds; null for dist/functions of this source tree. Not used with functions_s3_bucket."
  type        = string
  default     = null

  validation {
    condition = var.functions_s3_bucket != null || alltrue([
      for name in ["usermgr", "download_jwks", "activity", "attacher"] :
      fileexists("${coalesce(var.functions_directory, "${path.module}/../dist/functions")}/${name}.zip")
    ])
    error_message = "functions_directory must hold usermgr.zip, download_jwks.zip, activity.zip and attacher.zip: build them with `make functions`, or set functions_s3_bucket."
  }
}

variable "functions_s3_bucket" {
  description = "The bucket that holds the functions' zips, in the provider's Region; null to take them from functions_directory."
  type        = string
  default     = null

  validation {
    condition     = var.functions_s3_bucket == null || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.functions_s3_bucket))
    error_message = "functions_s3_bucket must be the name of a bucket."
  }
}

variable "functions_s3_prefix" {
  description = "What comes before usermgr.zip, download_jwks.zip, activity.zip and attacher.zip in the bucket's keys, such as usermgr-1.0.0/."
  type        = string
  default     = ""

  validation {
    condition     = length(var.functions_s3_prefix) <= 900 && !startswith(var.functions_s3_prefix, "/")
    error_message = "functions_s3_prefix must not begin with / and must have at most 900 characters."
  }
}

variable "functions_s3_hashes" {
  description = "base64_sha256 of each zip in the bucket, as manifest.json beside the zips has it, by name: usermgr, download_jwks, activity, attacher."
  type        = map(string)
  default     = {}

  validation {
    condition = var.functions_s3_bucket == null || alltrue([
      for name in ["usermgr", "download_jwks", "activity", "attacher"] :
      can(regex("^[A-Za-z0-9+/]{43}=$", var.functions_s3_hashes[name]))
    ])
    error_message = "With functions_s3_bucket, functions_s3_hashes must have the base64_sha256 of usermgr, download_jwks, activity and attacher."
  }
}

variable "runtime" {
  description = "Lambda's runtime. The zips are pure Python and need 3.11 or newer."
  type        = string
  default     = "python3.13"

  validation {
    condition     = can(regex("^python3\\.(1[1-9]|[2-9][0-9])$", var.runtime))
    error_message = "runtime must be python3.11 or newer, such as python3.13."
  }
}

variable "architecture" {
  description = "The functions' processor: \"arm64\" or \"x86_64\". The zips are the same."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture must be \"arm64\" or \"x86_64\"."
  }
}

variable "vpc" {
  description = "Which functions run in a VPC: the subnets and security groups of usermgr, download_jwks, activity (the recorder) and trigger (the attacher), by these names; the others run outside, as all do by default. From there, every function but the recorder needs a way to Cognito: NAT, or an interface endpoint of cognito-idp, which does not serve a pool with a domain. The recorder needs vpc_dynamodb_endpoint_id."
  type        = map(object({ subnet_ids = list(string), security_group_ids = list(string) }))
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.vpc), ["usermgr", "download_jwks", "activity", "trigger"])) == 0
    error_message = "vpc has a key that is none of usermgr, download_jwks, activity (the recorder) and trigger (the attacher)."
  }

  validation {
    condition = alltrue(flatten([
      for function in values(var.vpc) : [
        for id in function.subnet_ids : can(regex("^subnet-[0-9a-f]{8,17}$", id))
      ] if function != null
    ]))
    error_message = "Each of vpc's subnet_ids must be like subnet-0123456789abcdef0."
  }

  validation {
    condition = alltrue(flatten([
      for function in values(var.vpc) : [
        for id in function.security_group_ids : can(regex("^sg-[0-9a-f]{8,17}$", id))
      ] if function != null
    ]))
    error_message = "Each of vpc's security_group_ids must be like sg-0123456789abcdef0."
  }

  validation {
    condition = alltrue([
      for function in values(var.vpc) : length(function.subnet_ids) > 0 && length(function.security_group_ids) > 0 if function != null
    ])
    error_message = "Each function in vpc needs at least one of subnet_ids and one of security_group_ids."
  }
}

variable "vpc_dynamodb_endpoint_id" {
  description = "The gateway or interface endpoint of DynamoDB that the recorder's subnets reach. A recorder in a VPC needs it: without one, every sign-in would wait for DynamoDB until the recorder gives up, and record nothing. A gateway endpoint must be in the subnets' route tables, and an interface endpoint must let the recorder's security groups in."
  type        = string
  default     = null

  validation {
    condition     = var.vpc_dynamodb_endpoint_id == null || can(regex("^vpce-[0-9a-f]{8,17}$", var.vpc_dynamodb_endpoint_id))
    error_message = "vpc_dynamodb_endpoint_id must be like vpce-0123456789abcdef0."
  }

  validation {
    condition     = lookup(var.vpc, "activity", null) == null || var.vpc_dynamodb_endpoint_id != null
    error_message = "The recorder (vpc.activity) needs vpc_dynamodb_endpoint_id, the endpoint of DynamoDB that its subnets reach: without one, every sign-in would wait for it. Name the endpoint, or leave the recorder out of vpc."
  }
}

variable "functions_kms_key_arn" {
  description = "The KMS key that encrypts the functions' environment variables; null for the key that AWS owns. Their roles may then decrypt with it."
  type        = string
  default     = null

  validation {
    condition     = var.functions_kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.functions_kms_key_arn))
    error_message = "functions_kms_key_arn must be the ARN of a KMS key."
  }
}

variable "memory_size" {
  description = "MiB of memory, by function: usermgr (256 by default), download_jwks (128), activity, which is the recorder (256), and trigger, the attacher (256). The share of a processor grows with it."
  type        = map(number)
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.memory_size), ["usermgr", "download_jwks", "activity", "trigger"])) == 0
    error_message = "memory_size has a key that is none of usermgr, download_jwks, activity (the recorder) and trigger (the attacher)."
  }

  validation {
    condition     = alltrue([for size in values(var.memory_size) : size >= 128 && size <= 10240 && floor(size) == size if size != null])
    error_message = "Each memory_size must be a whole number from 128 to 10240."
  }
}

variable "timeout" {
  description = "Seconds that a function may take: usermgr (30 by default) and download_jwks (15). The limits of the recorder (5) and the attacher (300) are fixed."
  type        = map(number)
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.timeout), ["usermgr", "download_jwks"])) == 0
    error_message = "timeout has a key that is none of usermgr and download_jwks; the limits of the others are fixed."
  }

  validation {
    condition     = alltrue([for seconds in values(var.timeout) : seconds >= 10 && seconds <= 900 && floor(seconds) == seconds if seconds != null])
    error_message = "Each timeout must be a whole number from 10 to 900."
  }
}

variable "reserved_concurrency" {
  description = "Reserved concurrency of usermgr, download_jwks and trigger (the attacher), by these names: a function's share of the account's, and its limit. -1, the default, reserves nothing, so that a new account, which has no more than Lambda requires to stay unreserved, can deploy; then nothing limits how much a flood of calls takes from the recorder, and so from sign-ins. The recorder never reserves any."
  type        = map(number)
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.reserved_concurrency), ["usermgr", "download_jwks", "trigger"])) == 0
    error_message = "reserved_concurrency has a key that is none of usermgr, download_jwks and trigger (the attacher); the recorder never reserves any."
  }

  validation {
    condition     = alltrue([for count in values(var.reserved_concurrency) : (count >= 1 || count == -1) && floor(count) == count if count != null])
    error_message = "Each reserved_concurrency must be at least 1, or -1: with 0 the function could not run."
  }
}

variable "tracing_mode" {
  description = "AWS X-Ray: \"PassThrough\" or \"Active\"."
  type        = string
  default     = "PassThrough"

  validation {
    condition     = contains(["PassThrough", "Active"], var.tracing_mode)
    error_message = "tracing_mode must be \"PassThrough\" or \"Active\"."
  }
}

variable "log_retention_days" {
  description = "How many days the functions' logs are kept; not in a group of existing_log_groups."
  type        = number
  default     = 365

  validation {
    # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be a value that CloudWatch Logs offers: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "existing_log_groups" {
  description = "Names of log groups that are there already, for those of usermgr, download_jwks, activity (the recorder) and trigger (the attacher) that are not to have one made here. Destroy leaves them."
  type        = map(string)
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.existing_log_groups), ["usermgr", "download_jwks", "activity", "trigger"])) == 0
    error_message = "existing_log_groups has a key that is none of usermgr, download_jwks, activity (the recorder) and trigger (the attacher)."
  }

  validation {
    condition     = alltrue([for name in values(var.existing_log_groups) : can(regex("^[a-zA-Z0-9_/.#-]{1,512}$", name)) if name != null])
    error_message = "Each of existing_log_groups must be the name of a log group, such as /aws/lambda/usermgr."
  }
}

variable "log_kms_key_arn" {
  description = "The KMS key that encrypts the logs; null for CloudWatch's own encryption. Only the key's own policy can allow it, to CloudWatch Logs."
  type        = string
  default     = null

  validation {
    condition     = var.log_kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.log_kms_key_arn))
    error_message = "log_kms_key_arn must be the ARN of a KMS key."
  }
}

variable "alarm_actions" {
  description = "What the alarms on the recorder's errors and throttles notify, such as the ARN of an SNS topic."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for action in var.alarm_actions : startswith(action, "arn:")])
    error_message = "alarm_actions must be ARNs."
  }
}

# --- The table ----------------------------------------------------------------------------------------

variable "table_deletion_protection" {
  description = "Whether the activity table is protected against deletion. Destroy then takes two steps: apply with false, then destroy; destroy alone stops before anything is detached."
  type        = bool
  default     = false
}

variable "table_kms_key_arn" {
  description = "The KMS key that encrypts the activity table; null for the key that AWS owns. The recorder's role and the policies for the table's users then allow its use, through DynamoDB only."
  type        = string
  default     = null

  validation {
    condition     = var.table_kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.table_kms_key_arn))
    error_message = "table_kms_key_arn must be the ARN of a KMS key."
  }
}

variable "tags" {
  description = "Tags for everything that can have tags."
  type        = map(string)
  default     = {}

  validation {
    condition     = !anytrue([for key in keys(var.tags) : startswith(lower(key), "aws:")])
    error_message = "The keys of tags must not start with aws:, which is AWS's own."
  }
}
