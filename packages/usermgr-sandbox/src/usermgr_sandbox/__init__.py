"""An AWS sandbox for usermgr's users: moto server, the real Lambda runtime client and Cognito triggers."""
