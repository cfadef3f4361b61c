"""Lambda function: records user activity from Cognito's pre token generation trigger."""
