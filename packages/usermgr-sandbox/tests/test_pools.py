"""User pools: what an update keeps and resets, deletion protection, keys of each pool's own."""

from __future__ import annotations

RICH = {
    "UsernameAttributes": ["email"],
    "UsernameConfiguration": {"CaseSensitive": False},
    "Schema": [{"Name": "extra_info", "AttributeDataType": "String", "Mutable": True}],
}


def test_update_keeps_what_is_set_at_creation_only(differs):
    """UpdateUserPool keeps UsernameAttributes, UsernameConfiguration and the schema."""

    def check(cloud):
        pool = cloud.pool(**RICH)
        cloud.cognito.update_user_pool(UserPoolId=pool, AutoVerifiedAttributes=["email"])
        described = cloud.cognito.describe_user_pool(UserPoolId=pool)["UserPool"]
        assert described.get("UsernameAttributes") == ["email"]
        assert described.get("UsernameConfiguration") == {"CaseSensitive": False}
        assert "custom:extra_info" in {each["Name"] for each in described["SchemaAttributes"]}

    differs(check)


def test_update_resets_what_is_not_sent(cloud):
    """A member that UpdateUserPool is not given goes back to its default."""
    pool = cloud.pool(AutoVerifiedAttributes=["email"], DeletionProtection="ACTIVE")
    cloud.cognito.update_user_pool(UserPoolId=pool)
    described = cloud.cognito.describe_user_pool(UserPoolId=pool)["UserPool"]
    assert "AutoVerifiedAttributes" not in described
    assert described.get("DeletionProtection", "INACTIVE") == "INACTIVE"
    cloud.cognito.delete_user_pool(UserPoolId=pool)


def test_a_policy_is_described_with_all_rules_that_apply(differs, error_of):
    """A pool that names one rule of its password policy is described with the others, to which passwords are held."""

    def check(cloud):
        pool = cloud.pool(Policies={"PasswordPolicy": {"MinimumLength": 8}})
        policy = cloud.cognito.describe_user_pool(UserPoolId=pool)["UserPool"]["Policies"]["PasswordPolicy"]
        call = cloud.cognito.admin_create_user
        code, _ = error_of(call, UserPoolId=pool, Username="alice", TemporaryPassword="no-upper-1")
        assert (policy.get("RequireUppercase"), code) == (True, "InvalidPasswordException")

    differs(check)


def test_a_protected_pool_cannot_be_deleted(differs, error_of):
    """DeleteUserPool is refused while DeletionProtection is ACTIVE."""

    def check(cloud):
        pool = cloud.pool(DeletionProtection="ACTIVE")
        code, _ = error_of(cloud.cognito.delete_user_pool, UserPoolId=pool)
        assert code == "InvalidParameterException"
        assert cloud.cognito.describe_user_pool(UserPoolId=pool)["UserPool"]["Id"] == pool

    differs(check)


def test_the_schema_lists_standard_attributes_beside_custom_ones(differs):
    """A pool with a custom attribute still has the standard ones."""

    def check(cloud):
        pool = cloud.pool(Schema=RICH["Schema"])
        described = cloud.cognito.describe_user_pool(UserPoolId=pool)["UserPool"]
        assert {"sub", "email", "custom:extra_info"} <= {each["Name"] for each in described["SchemaAttributes"]}

    differs(check)


def test_a_pool_has_no_replicas(differs):
    """Whoever asks for the replicas of a pool is told that there are none."""

    def check(cloud):
        pool = cloud.pool()
        assert cloud.cognito.list_user_pool_replicas(UserPoolId=pool)["UserPoolReplicas"] == []

    differs(check)


def test_each_pool_has_two_keys_of_its_own(differs):
    """A pool publishes two RSA keys, and no other pool has them."""

    def check(cloud):
        published = [cloud.jwks(cloud.pool())["keys"] for _ in range(2)]
        assert [len(keys) for keys in published] == [2, 2]
        assert len({key["n"] for keys in published for key in keys}) == 4
        assert len({key["kid"] for keys in published for key in keys}) == 4

    differs(check)


def test_published_keys_are_public(cloud):
    """The key set holds no private member."""
    for key in cloud.jwks(cloud.pool())["keys"]:
        assert set(key) == {"kid", "alg", "kty", "e", "n", "use"}
        assert (key["alg"], key["kty"], key["use"]) == ("RS256", "RSA", "sig")


def test_rotated_keys_replace_the_old_ones(sandbox, cloud):
    """After a rotation none of the earlier keys is published."""
    pool = cloud.pool()
    before = {key["kid"] for key in cloud.jwks(pool)["keys"]}
    sandbox.rotate_keys(pool)
    assert before.isdisjoint(key["kid"] for key in cloud.jwks(pool)["keys"])
