"""Issuers and addresses: by partition, compared with botocore, and the custom ones that a caller may name."""

import json
from importlib.resources import files

import boto3
import pytest
from botocore.config import Config

from usermgr_jwt import CognitoVerifier, HttpsSource
from usermgr_jwt._addresses import accepted_issuers, jwks_url
from usermgr_jwt.errors import TokenIssuerError

PARTITIONS = json.loads(files("botocore").joinpath("data/partitions.json").read_text())["partitions"]
REGIONS = [
    pytest.param(region, partition["outputs"]["dnsSuffix"], id=region)
    for partition in PARTITIONS
    for region in partition["regions"]
    if not region.endswith("-global")
]
PATH = "/local_AbC123/.well-known/jwks.json"


@pytest.mark.parametrize(("region", "suffix"), REGIONS)
def test_every_region_has_its_partitions_suffix(region, suffix):
    """Issuers and the address of the keys end in the DNS suffix that botocore has for the Region."""
    pool = f"{region}_AbC123"
    hosts = [f"{host}.{region}.{suffix}" for host in ("cognito-idp", "issuer-cognito-idp")]

    assert accepted_issuers(pool, None) == {f"https://{host}/{pool}" for host in hosts}
    assert jwks_url(pool) == f"https://{hosts[0]}/{pool}/.well-known/jwks.json"


@pytest.mark.parametrize("fips", [False, True])
@pytest.mark.parametrize("region", ["us-east-1", "us-gov-west-1", "eusc-de-east-1", "us-isob-east-1", "eu-isoe-west-1"])
def test_the_address_is_below_the_sdks_endpoint(region, fips):
    """The SDK's client for the Region, with FIPS or without, talks to the host that the keys come from."""
    session = boto3.Session("x", "x")
    config = Config(use_fips_endpoint=fips, ignore_configured_endpoint_urls=True)
    client = session.client("cognito-idp", region_name=region, config=config)

    source = HttpsSource.for_pool(f"{region}_AbC123", fips=fips)
    client.close()

    assert source.name == f"{client.meta.endpoint_url}/{region}_AbC123/.well-known/jwks.json"


def test_every_partition_is_known():
    """A partition that botocore gets is a reason to look at the table: these are the ones that it was made for."""
    known = {"aws", "aws-cn", "aws-eusc", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-us-gov"}

    assert {partition["id"] for partition in PARTITIONS} == known


@pytest.mark.parametrize(
    "issuer",
    [
        "https://login.example.com",
        "https://login.example.com/",
        "http://localhost:9229/local_AbC123",
        "http://[::1]:1/",
    ],
)
def test_a_custom_issuer_replaces_the_derived_pair(settings, pool, issuer):
    """With `issuer`, exactly that text is accepted: not the pool's own issuers, nor one that ends differently."""
    for more in ({"user_pool_id": None}, {"user_pool_id": "local_AbC123"}, {}):
        verifier = CognitoVerifier(**settings | more, issuer=issuer)
        near = issuer[:-1] if issuer.endswith("/") else issuer + "/"

        assert verifier.verify(pool.token(pool.access_claims(iss=issuer))).issuer == issuer
        for other in (pool.issuer, near, issuer.upper(), f"{issuer}#"):
            with pytest.raises(TokenIssuerError) as caught:
                verifier.verify(pool.token(pool.access_claims(iss=other)))
            assert caught.value.expected == {issuer}


@pytest.mark.parametrize(
    ("issuer", "problem"),
    [
        ("", "start with https"),
        ("http://example.com/", "start with https"),
        ("http://127.0.0.1.example.com/", "start with https"),
        ("ftp://localhost/", "start with https"),
        ("example.com", "start with https"),
        ("https://", "must have a host"),
        ("https://user@example.com/", "no user name"),
        ("https://example.com/?a=1", "no query"),
        ("https://example.com/#a", "no query"),
        ("https://example.com:99999/", "valid host and port"),
        ("https://exa mple.com/", "without spaces"),
        ("https://example.com/\n", "without spaces"),
        ("https://exämple.com/", "ASCII"),
        ("https://" + "a" * 64 + ".com/", "valid host"),
        ("https://a..b/", "valid host"),
        ("https://[::1/", "valid host"),
        (5, "must be a URL"),
        (["https://example.com/"], "must be a URL"),
    ],
)
def test_an_issuer_is_an_https_or_loopback_address(settings, issuer, problem):
    """An issuer that anybody on the network could pretend to be, or that no token can name, is refused at the start."""
    with pytest.raises(ValueError, match=problem) as caught:
        CognitoVerifier(**settings, issuer=issuer)
    with pytest.raises(ValueError, match=problem):
        HttpsSource.for_issuer(issuer)

    assert "issuer must" in str(caught.value)


def test_a_pool_or_an_issuer_must_be_given(settings):
    """Nothing is accepted by default: without a pool and without an issuer there is no verifier."""
    with pytest.raises(ValueError, match="user_pool_id must be given, or issuer"):
        CognitoVerifier(**settings | {"user_pool_id": None})


def test_an_emulators_pool_needs_an_endpoint():
    """A pool id without a Region is accepted with an endpoint or an issuer, and only then."""
    for endpoint in ("http://localhost:9229", "http://localhost:9229/"):
        assert HttpsSource.for_pool("local_AbC123", endpoint=endpoint).name == f"http://localhost:9229{PATH}"
    assert HttpsSource.for_issuer("http://localhost:9229/local_AbC123").name == f"http://localhost:9229{PATH}"
    with pytest.raises(ValueError, match="user_pool_id must"):
        HttpsSource.for_pool("local_AbC123")
    with pytest.raises(ValueError, match="endpoint must start with https"):
        HttpsSource.for_pool("local_AbC123", endpoint="http://emulator:9229")
    with pytest.raises(ValueError, match="fips cannot be combined"):
        HttpsSource.for_pool("local_AbC123", endpoint="http://localhost:9229", fips=True)


@pytest.mark.parametrize(
    "pool_id",
    [
        "",
        "x",
        "local",
        "_",
        "a_b/../c",
        "a b_c",
        "a_b?c",
        "a_é",
        "eu-west-1_" + "a" * 46,
        "eu-west-1_a\n",
        None,
        5,
        ["a_b"],
    ],
)
def test_an_odd_pool_id_is_named(settings, pool_id):
    """What Cognito's API would not take as a pool id is a ValueError that names the setting, everywhere."""
    for use in (
        lambda: HttpsSource.for_pool(pool_id),
        lambda: HttpsSource.for_pool(pool_id, endpoint="http://localhost:9229"),
        lambda: CognitoVerifier(**settings | {"user_pool_id": pool_id}),
    ):
        with pytest.raises(ValueError, match="user_pool_id must"):
            use()


def test_a_query_is_used_and_not_shown():
    """A mirror's address may carry a signature in its query: the source's name, which errors show, does not."""
    source = HttpsSource("https://keys.example.com/jwks.json?X-Amz-Signature=secret#part")

    assert source.name == "https://keys.example.com/jwks.json"
    assert "secret" not in repr(source)
