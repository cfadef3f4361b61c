"""Like uses.py, with objects of the SDK: checked where boto3-stubs say what these are."""

from __future__ import annotations

from typing import assert_type

import boto3.session
from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient
from mypy_boto3_dynamodb.client import DynamoDBClient
from mypy_boto3_lambda.client import LambdaClient

import usermgr_activity
import usermgr_cognito
import usermgr_lambda_client


def sessions(session: boto3.session.Session) -> None:
    """A session of boto3 fits wherever one is taken."""
    assert_type(usermgr_cognito.connect(session=session), usermgr_cognito.CognitoUserManager)
    assert_type(usermgr_lambda_client.connect(session=session), usermgr_lambda_client.LambdaUserManager)
    assert_type(usermgr_activity.connect(session=session), usermgr_activity.DynamoActivityStore)


def clients(cognito: CognitoIdentityProviderClient, function: LambdaClient, dynamodb: DynamoDBClient) -> None:
    """So does a client."""
    assert_type(usermgr_cognito.connect(client=cognito), usermgr_cognito.CognitoUserManager)
    usermgr_lambda_client.LambdaTransport("usermgr", "ap-northeast-1", client=function)
    usermgr_activity.SdkTransport(dynamodb)
