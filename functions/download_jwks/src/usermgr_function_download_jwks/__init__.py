"""Lambda function: downloads the JWKS of a user pool."""
