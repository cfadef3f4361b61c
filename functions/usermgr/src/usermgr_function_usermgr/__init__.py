"""Lambda function: user management for callers that cannot reach Cognito."""
