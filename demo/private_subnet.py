"""Runs in a process of its own: an application in a private subnet, which can reach Lambda and not Cognito."""

from __future__ import annotations

import json

from usermgr import Factory, where
from usermgr.errors import AccessDeniedError, ServiceUnavailableError

PASSWORD = "a-Long-passw0rd-4-bob"


def main() -> None:
    """Shows that Cognito is out of reach, does the main job through the function, and prints what it saw."""
    try:
        Factory.create(Factory.AWS_COGNITO).list_users()
    except (ServiceUnavailableError, AccessDeniedError) as error:
        direct = type(error).__name__
    else:
        direct = "reached"
    users = Factory.create(Factory.AWS_LAMBDA)
    added = users.add_user("bob@example.org", PASSWORD, {"email": "bob@example.org", "custom:extra_info": "by lambda"})
    users.update_user(added.username, {"name": "Bob"})
    found = [user.attributes["email"] for user in users.search_users(where("email").starts_with("bob@"))]
    listed = sorted(user.attributes["email"] for user in users.list_users().items)
    print(
        json.dumps(
            {
                "direct": direct,
                "username": added.username,
                "name": users.get_user("bob@example.org").attributes.get("name"),
                "found": found,
                "listed": listed,
            }
        )
    )


if __name__ == "__main__":
    main()
