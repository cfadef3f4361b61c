"""Groups: pages in a stable order, and at most 100 groups per user.

https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListGroups.html
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsersInGroup.html
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminListGroupsForUser.html
"""

from __future__ import annotations

from moto.cognitoidp.models import CognitoIdpGroup, CognitoIdpUser

from usermgr_sandbox._fidelity.base import Base
from usermgr_sandbox._fidelity.errors import cognito_error

__all__ = ["Groups"]

MAX_GROUPS_OF_A_USER = 100
PAGE = 60


def _name(group: CognitoIdpGroup) -> str:
    return group.group_name


class Groups(Base):
    """The operations of groups; the listings are without moto's decorator, whose tokens do not expire."""

    def list_groups(  # type: ignore[override]
        self, user_pool_id: str, limit: int | None = None, next_token: str | None = None
    ) -> tuple[list[CognitoIdpGroup], str | None]:
        groups = sorted(self._pool(user_pool_id).groups.values(), key=_name)
        return self.world.pages.page(("ListGroups", user_pool_id), groups, _name, limit or PAGE, next_token)

    def list_users_in_group(  # type: ignore[override]
        self, user_pool_id: str, group_name: str, limit: int | None = None, next_token: str | None = None
    ) -> tuple[list[CognitoIdpUser], str | None]:
        pool, group = self._pool(user_pool_id), self.get_group(user_pool_id, group_name)
        place = pool.places()
        users = [user for user in pool.users.values() if user in group.users]
        query = ("ListUsersInGroup", user_pool_id, group_name)
        return self.world.pages.page(query, users, lambda user: place[user.id], limit or PAGE, next_token)

    def admin_list_groups_for_user(  # type: ignore[override]
        self, user_pool_id: str, username: str, limit: int | None = None, next_token: str | None = None
    ) -> tuple[list[CognitoIdpGroup], str | None]:
        user = self.admin_get_user(user_pool_id, username)
        query = ("AdminListGroupsForUser", user_pool_id, user.id)
        return self.world.pages.page(query, sorted(user.groups, key=_name), _name, limit or PAGE, next_token)

    def admin_add_user_to_group(self, user_pool_id: str, group_name: str, username: str) -> None:
        """https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html: a user is in at most 100 groups."""
        group, user = self.get_group(user_pool_id, group_name), self.admin_get_user(user_pool_id, username)
        if group not in user.groups and len(user.groups) >= MAX_GROUPS_OF_A_USER:
            raise cognito_error("LimitExceededException", "The user is in the maximum number of groups.")
        super().admin_add_user_to_group(user_pool_id, group_name, username)
