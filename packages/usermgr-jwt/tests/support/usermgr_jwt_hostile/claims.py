"""Claims that are not what they should be, in tokens that the pool itself signed."""

from collections.abc import Iterator
from typing import Any

from usermgr_jwt import TokenError, errors

Case = tuple[Any, type[TokenError]]


def times(pool, stranger) -> Iterator[Case]:
    """Times that are not, or not now."""
    no_times = ["1", "", None, True, False, [], [9999999999], {}, 1.5, 9999999999.0, -1, 10**12, 10**30, -(10**30)]
    for name in ("exp", "nbf", "iat", "auth_time"):
        for value in no_times:
            yield pool.token(pool.access_claims(**{name: value})), errors.TokenClaimError
    yield pool.token(pool.access_claims(exp=...)), errors.TokenClaimError
    for value in (0, 1, 1_000_000_000):
        yield pool.token(pool.access_claims(exp=value)), errors.TokenExpiredError
    for value in (9_999_999_999, 253_402_300_799):
        yield pool.token(pool.access_claims(nbf=value)), errors.TokenNotYetValidError


def uses_and_clients(pool, stranger) -> Iterator[Case]:
    """Tokens for another purpose or another application."""
    yield pool.token(pool.id_claims(), key_id="id-key"), errors.TokenUseError
    yield pool.token(pool.id_claims()), errors.TokenUseError
    for value in [
        "id",
        "refresh",
        "ACCESS",
        "Access",
        "access ",
        "",
        None,
        True,
        1,
        ["access"],
        {"access": 1},
        "client_id",
    ]:
        yield pool.token(pool.access_claims(token_use=value)), errors.TokenUseError
    yield pool.token(pool.access_claims(token_use=...)), errors.TokenUseError
    client = pool.client_id
    near = [client.upper(), client[:-1], client + "x", client + " ", " " + client, client + "\x00", "", "*", "other"]
    for value in [*near, None, True, 5, [client], {client: 1}, [client, "other"]]:
        yield pool.token(pool.access_claims(client_id=value)), errors.TokenClientError
        yield pool.token(pool.access_claims(client_id=value, aud=client)), errors.TokenClientError
    yield pool.token(pool.access_claims(client_id=...)), errors.TokenClientError
    for value in ["", None, 5, [], ["x"], {}, True, ...]:
        yield pool.token(pool.access_claims(sub=value)), errors.TokenClaimError


def issuers(pool, stranger) -> Iterator[Case]:
    """Issuers that look like the pool's."""
    good = pool.issuer
    pool_id = pool.pool_id
    for value in [
        good + "/",
        good + "x",
        good[:-1],
        good + "?",
        good + "#",
        good + "\x00",
        good + "/.well-known/jwks.json",
        " " + good,
        good + " ",
        good.upper(),
        good.replace(pool_id, pool_id.lower()),
        good.replace("https", "http"),
        good.replace("https", "HTTPS"),
        good.replace("https://", ""),
        good.replace("https://", "https://evil.example/"),
        good.replace("https://", "https://user@"),
        good.replace(".com/", ".com:443/"),
        good.replace(".com/", ".com./"),
        good.replace(".com/", ".com//"),
        good.replace(".com/", ".com.cn/"),
        good.replace(".com/", ".com.evil.example/"),
        good.replace("amazonaws", "am\u0430zonaws"),
        good.replace("ap-northeast-1", "us-east-1"),
        good.replace("_AbCdEf123", "_AbCdEf124"),
        good.replace("_", "%5F"),
        good.replace("cognito-idp", "evil-cognito-idp"),
        good.replace("cognito-idp", "issuer-issuer-cognito-idp"),
        good.replace("cognito-idp", "cognito-identity"),
        good.replace(pool_id, "../" + pool_id),
        pool_id,
        "",
        None,
        True,
        5,
        [good],
        {good: 1},
        ...,
    ]:
        yield pool.token(pool.access_claims(iss=value)), errors.TokenIssuerError


def rights(pool, stranger) -> Iterator[Case]:
    """Groups and scopes that are near, but not there. (The verifier wants group admins and scope orders/read.)"""
    for value in [[], ["Admins"], ["admin"], ["admins "], ["admins,support"], [""], ["*"], ...]:
        yield pool.token(pool.access_claims(**{"cognito:groups": value})), errors.TokenGroupError
    for value in ["admins", None, 5, True, {"admins": 1}, [None], [["admins"]], ["admins", 5], ""]:
        yield pool.token(pool.access_claims(**{"cognito:groups": value})), errors.TokenClaimError
    for value in ["", "orders", "orders/reader", "orders/rea", "ORDERS/READ", "orders/read,x", "*", ...]:
        yield pool.token(pool.access_claims(scope=value)), errors.TokenScopeError
    for value in [None, 5, True, ["orders/read"], {"orders/read": 1}]:
        yield pool.token(pool.access_claims(scope=value)), errors.TokenClaimError
