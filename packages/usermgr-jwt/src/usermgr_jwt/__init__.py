"""Offline verifier of Amazon Cognito tokens, and its JWKS file."""
