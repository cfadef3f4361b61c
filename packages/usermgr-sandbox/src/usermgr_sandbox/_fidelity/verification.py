"""Verifying an address with the code that was sent to it.

https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_VerifyUserAttribute.html
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetUserAttributeVerificationCode.html
"""

from __future__ import annotations

from moto.cognitoidp.exceptions import InvalidParameterException
from moto.cognitoidp.utils import flatten_attrs

from usermgr_sandbox._fidelity.attributes import carry_out, plan_update
from usermgr_sandbox._fidelity.base import Base
from usermgr_sandbox._fidelity.messages import ADDRESSES

__all__ = ["Verification"]


class Verification(Base):
    """`VerifyUserAttribute` and `GetUserAttributeVerificationCode`, which moto does not have."""

    def verify_user_attribute(self, access_token: str, attribute_name: str, code: str) -> None:
        pool, user = self._owner_of(access_token)
        address = self.world.messages.verify(user, attribute_name, code)
        change = plan_update(pool, user, {attribute_name: address, f"{attribute_name}_verified": "true"})
        carry_out(self.world.messages, pool, user, change)

    def get_user_attribute_verification_code(self, access_token: str, attribute_name: str) -> dict[str, str]:
        pool, user = self._owner_of(access_token)
        address = flatten_attrs(user.attributes).get(attribute_name)
        if attribute_name not in ADDRESSES or not address:
            raise InvalidParameterException(f"The user has no {attribute_name} to verify.")
        self.world.messages.ask_to_verify(pool, user, attribute_name, address)
        medium = "EMAIL" if attribute_name == "email" else "SMS"
        return {"AttributeName": attribute_name, "DeliveryMedium": medium, "Destination": f"***{address[-4:]}"}
