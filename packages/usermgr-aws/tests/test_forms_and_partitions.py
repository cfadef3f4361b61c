"""The forms of AWS's names, and addresses, compared with botocore's own data."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import botocore.session
import pytest
from botocore.regions import EndpointResolver
from hypothesis import given
from hypothesis import strategies as st

from usermgr_aws import (
    CLIENT_ID,
    FUNCTION_ARN,
    FUNCTION_NAME,
    REGION,
    USER_POOL_ID,
    dns_suffix,
    partition,
    region_of_pool,
    service_url,
)

SERVICES = ("dynamodb", "cognito-idp", "lambda")
ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@cache
def _session() -> botocore.session.Session:
    return botocore.session.Session()


@cache
def partitions() -> list[dict[str, Any]]:
    """botocore's partitions, with the DNS suffix and the Regions of each."""
    return _session().get_component("data_loader").load_data("partitions")["partitions"]


def regions() -> list[tuple[str, str]]:
    """Each Region of botocore with its partition's DNS suffix; `aws-global` and its like are not Regions."""
    return [
        (region, each["outputs"]["dnsSuffix"])
        for each in partitions()
        for region in each["regions"]
        if not region.endswith("-global")
    ]


REGIONS = st.sampled_from([region for region, _ in regions()])
ACCOUNTS = st.text("0123456789", min_size=12, max_size=12)
NAMES = st.text(f"{ALPHANUMERIC}_-", min_size=1, max_size=64)


def test_suffix_of_every_region() -> None:
    """Every Region of every partition that botocore knows has botocore's DNS suffix, and the form of a Region."""
    ours = [(region, dns_suffix(region)) for region, _ in regions()]

    assert len({suffix for _, suffix in ours}) == 7
    assert ours == regions()
    assert [region for region, _ in ours if re.fullmatch(REGION, region) is None] == []


def test_partition_of_every_region() -> None:
    """Every Region that botocore knows is in the partition that botocore says, as ARNs name it."""
    theirs = {region: each["id"] for each in partitions() for region in each["regions"] if "-global" not in region}

    assert len(set(theirs.values())) >= 7
    assert {region: partition(region) for region in theirs} == theirs


@pytest.mark.parametrize("service", SERVICES)
def test_address_in_every_region(service: str) -> None:
    """A service's address is the one of botocore's endpoint data, in every Region that has the service."""
    resolver = EndpointResolver(_session().get_component("data_loader").load_data("endpoints"))
    theirs = {
        region: "https://" + resolver.construct_endpoint(service, region, partition)["hostname"]
        for partition in resolver.get_available_partitions()
        for region in _session().get_available_regions(service, partition)
    }

    ours = {region: service_url(service, region, variable="NOT_SET") for region in theirs}

    assert len(theirs) > 30
    assert ours == theirs


@pytest.mark.parametrize("region", ["ap-northeast-1", "cn-north-1", "eusc-de-east-1", "us-gov-west-1"])
def test_address_of_a_client(region: str) -> None:
    """A client of the SDK has the same address, in each partition that is not secret."""
    client = _session().create_client("dynamodb", region)

    assert service_url("dynamodb", region, variable="DYNAMODB") == client.meta.endpoint_url


@pytest.mark.parametrize("variable", ["AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"])
def test_variants_are_not_covered(variable: str, environment: pytest.MonkeyPatch) -> None:
    """FIPS and dual-stack endpoints differ from ours, as the module's documentation says; their variable works."""
    environment.setenv(variable, "true")
    theirs = botocore.session.Session().create_client("dynamodb", "us-east-1").meta.endpoint_url

    assert service_url("dynamodb", "us-east-1", variable="DYNAMODB") != theirs
    environment.setenv("AWS_ENDPOINT_URL_DYNAMODB", theirs)
    assert service_url("dynamodb", "us-east-1", variable="DYNAMODB") == theirs


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        pytest.param({"AWS_ENDPOINT_URL": "http://127.0.0.1:5000"}, "http://127.0.0.1:5000", id="all-services"),
        pytest.param({"AWS_ENDPOINT_URL": "http://a", "AWS_ENDPOINT_URL_LAMBDA": "http://b/"}, "http://b", id="one"),
        pytest.param({"AWS_ENDPOINT_URL_DYNAMODB": "http://c"}, None, id="another-service"),
        pytest.param({"AWS_ENDPOINT_URL": ""}, None, id="empty"),
        pytest.param(
            {"AWS_ENDPOINT_URL": "http://a", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "TRUE"}, None, id="ignored"
        ),
    ],
)
def test_endpoint_variables(settings: dict[str, str], expected: str | None, environment: pytest.MonkeyPatch) -> None:
    """The SDK's endpoint variables decide, the service's own first, unless the SDK is told to ignore them."""
    for name, value in settings.items():
        environment.setenv(name, value)
    theirs = botocore.session.Session().create_client("lambda", "eu-west-1").meta.endpoint_url

    ours = service_url("lambda", "eu-west-1", variable="LAMBDA")

    assert ours == (expected or "https://lambda.eu-west-1.amazonaws.com") == theirs.rstrip("/")


@given(REGIONS, st.text(ALPHANUMERIC, min_size=1, max_size=55))
def test_pool_ids(region: str, rest: str) -> None:
    """An id in any Region matches, and names its Region."""
    pool = f"{region}_{rest}"

    assert re.fullmatch(USER_POOL_ID, pool)
    assert region_of_pool(pool) == region


@given(REGIONS, ACCOUNTS, NAMES, st.sampled_from(["", ":$LATEST", ":1", ":live-1_a"]))
def test_function_arns(region: str, account: str, name: str, qualifier: str) -> None:
    """An ARN in any Region's partition matches, with its version or alias, and so does the name alone."""
    partition = next(p["id"] for p in partitions() if region in p["regions"])
    arn = f"arn:{partition}:lambda:{region}:{account}:function:{name}{qualifier}"

    found = re.fullmatch(FUNCTION_ARN, arn)

    assert found is not None
    assert found["qualifier"] == (qualifier[1:] or None)
    assert re.fullmatch(FUNCTION_NAME, arn)
    assert re.fullmatch(FUNCTION_NAME, f"{name}{qualifier}")


@pytest.mark.parametrize(
    ("form", "text"),
    [
        pytest.param(REGION, "aws-global", id="pseudo-region"),
        pytest.param(REGION, "us-east-1-fips", id="fips-region"),
        pytest.param(REGION, "us-east-1a", id="zone"),
        pytest.param(REGION, "US-EAST-1", id="upper-case"),
        pytest.param(REGION, "us-east-1\n", id="newline"),
        pytest.param(REGION, "us-east-1.evil.example/", id="address"),
        pytest.param(USER_POOL_ID, "ap-northeast-1", id="pool-without-id"),
        pytest.param(USER_POOL_ID, "ap-northeast-1_a/../b", id="pool-with-path"),
        pytest.param(CLIENT_ID, "", id="empty-client"),
        pytest.param(CLIENT_ID, "a b", id="client-with-space"),
        pytest.param(FUNCTION_ARN, "usermgr", id="name-is-not-an-arn"),
        pytest.param(FUNCTION_ARN, "arn:aws:lambda:us-east-1:1:function:usermgr", id="short-account"),
        pytest.param(FUNCTION_ARN, "arn:aws:sqs:us-east-1:123456789012:usermgr", id="queue"),
        pytest.param(FUNCTION_NAME, "a" * 65, id="long-name"),
        pytest.param(FUNCTION_NAME, "a/b", id="name-with-slash"),
    ],
)
def test_what_does_not_match(form: str, text: str) -> None:
    """What only looks like such a name does not match."""
    assert re.fullmatch(form, text) is None
