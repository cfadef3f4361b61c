"""Lambda functions that really run: from the uploaded zip, in a process of their own, through AWS's runtime client."""
