"""usermgr's Amazon Cognito backend, called directly."""
