"""usermgr's client for the user management Lambda function."""
