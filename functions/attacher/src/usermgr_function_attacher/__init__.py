"""Lambda function: attaches the pre token generation trigger to a user pool, and detaches it."""
