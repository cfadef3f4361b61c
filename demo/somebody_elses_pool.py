"""The user pool that another team owns, as usermgr finds it."""

from __future__ import annotations

from dataclasses import dataclass, field

import boto3

__all__ = ["Pool", "create_pool"]

OTHER_TEAMS_FUNCTION = "arn:aws:lambda:ap-northeast-1:123456789012:function:welcome-mail"


@dataclass(frozen=True, slots=True)
class Pool:
    """What the demo must know of it."""

    id: str
    client_id: str
    client_secret: str = field(repr=False)
    second_client_id: str
    second_client_secret: str = field(repr=False)


def create_pool() -> Pool:
    """A pool with settings that a careless attacher would reset, and two app clients with secrets."""
    cognito = boto3.client("cognito-idp")
    pool = cognito.create_user_pool(
        PoolName="customers",
        Policies={
            "PasswordPolicy": {
                "MinimumLength": 12,
                "RequireUppercase": True,
                "RequireLowercase": True,
                "RequireNumbers": True,
                "RequireSymbols": False,
                "TemporaryPasswordValidityDays": 3,
            }
        },
        DeletionProtection="ACTIVE",
        UsernameAttributes=["email"],
        UsernameConfiguration={"CaseSensitive": False},
        AutoVerifiedAttributes=["email"],
        Schema=[{"Name": "extra_info", "AttributeDataType": "String", "Mutable": True}],
        LambdaConfig={"PostConfirmation": OTHER_TEAMS_FUNCTION},
        AdminCreateUserConfig={"AllowAdminCreateUserOnly": True},
        EmailVerificationSubject="Welcome to Customers",
        UserPoolTags={"team": "customers"},
    )["UserPool"]
    clients = [
        cognito.create_user_pool_client(
            UserPoolId=pool["Id"],
            ClientName=name,
            GenerateSecret=True,
            ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
            PreventUserExistenceErrors="ENABLED",
        )["UserPoolClient"]
        for name in ("shop", "back-office")
    ]
    first, second = clients
    return Pool(pool["Id"], first["ClientId"], first["ClientSecret"], second["ClientId"], second["ClientSecret"])
