"""What Cognito bills and allows for disabling users, as constants with their source and date.

Prices are those of us-east-1 in US dollars, of the first tier above the free one.
"""

from decimal import Decimal

__all__ = ["DISABLE_PER_SECOND", "MONTHLY_ACTIVE_USER"]

DISABLE_PER_SECOND = 25
"""AdminDisableUser is in the category UserUpdate, whose quota cannot be raised (2023).

https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html
"""

MONTHLY_ACTIVE_USER = {"LITE": Decimal("0.0055"), "ESSENTIALS": Decimal("0.015"), "PLUS": Decimal("0.02")}
"""For each user with an operation in the month, by the pool's tier (2024-11). AdminDisableUser is one.

https://aws.amazon.com/cognito/pricing/ and
https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html#monthly-active-users
"""
