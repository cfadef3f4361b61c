"""What AWS bills and allows, as constants with their source and date. Change them here when AWS does.

Prices are those of us-east-1 in US dollars, of the first tier above the free one.
"""

from decimal import Decimal

DISABLE_PER_SECOND = 25
"""AdminDisableUser is in the category UserUpdate, whose quota cannot be raised (2023).

https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html
"""

MONTHLY_ACTIVE_USER = {"LITE": Decimal("0.0055"), "ESSENTIALS": Decimal("0.015"), "PLUS": Decimal("0.02")}
"""For each user with an operation in the month, by the pool's tier (2024-11). AdminDisableUser is one.

https://aws.amazon.com/cognito/pricing/ and
https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html#monthly-active-users
"""

WRITE_REQUEST_UNIT = Decimal("0.625") / 1_000_000
READ_REQUEST_UNIT = Decimal("0.125") / 1_000_000
"""DynamoDB on demand, standard table class (since 2024-11-01). https://aws.amazon.com/dynamodb/pricing/on-demand/"""

STORAGE_GB_MONTH = Decimal("0.25")
BACKUP_GB_MONTH = Decimal("0.20")
"""DynamoDB's storage, and point-in-time recovery of it (2024-11). https://aws.amazon.com/dynamodb/pricing/on-demand/"""

LOG_INGESTED_GB = Decimal("0.50")
"""CloudWatch Logs, standard class (2024-11). https://aws.amazon.com/cloudwatch/pricing/"""

LAMBDA_REQUEST = Decimal("0.20") / 1_000_000
LAMBDA_GB_SECOND = Decimal("0.0000133334")
"""Lambda on arm64 (2024-11). https://aws.amazon.com/lambda/pricing/"""
