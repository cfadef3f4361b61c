"""Who was last seen when: usermgr's activity records in DynamoDB."""
