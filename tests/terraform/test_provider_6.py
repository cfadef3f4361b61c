"""The aws provider 6: compared by the names of attributes, not run; tools/provider_schema.py made the list."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools.provider_schema import Use, all_uses, knows, uses

KNOWN = json.loads((Path(__file__).parent / "provider_6.json").read_text())


def test_everything_that_is_used_is_there() -> None:
    """Every attribute that terraform/ sets or reads exists in the release of the list."""
    used = all_uses()

    unknown = [use for use in used if not knows(KNOWN["kinds"], use)]

    print(f"{len(used) - len(unknown)} of {len(used)} attributes are in {KNOWN['provider']}")
    assert (unknown, len(used) > 100) == ([], True)


def test_region_is_read_by_the_attribute_of_both_releases() -> None:
    """`name` of aws_region is deprecated in 6; `id` is the same in both."""
    assert {use.name for use in all_uses() if use.kind == "data aws_region"} == {"id"}


HCL = """
resource "aws_lambda_function" "one" {
  for_each = var.functions

  function_name = each.value.name
  tags = {
    not_an_attribute = 1
  }

  dynamic "environment" {
    for_each = [1]

    content {
      variables = environment.value
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

data "aws_region" "now" { # a comment
  lifecycle {
    postcondition {
      condition = self.endpoint == "x"
    }
  }
}

locals {
  all = { for key, function in aws_lambda_function.one : key => function.role }
  arn = [data.aws_region.now.name, aws_lambda_function.one["x"].arn]
}
"""


def test_what_is_read_from_hcl() -> None:
    """Arguments, nested blocks and references count; meta-arguments and the insides of values do not."""
    assert set(uses(HCL)) == {
        Use("resource aws_lambda_function", "", "function_name"),
        Use("resource aws_lambda_function", "", "tags"),
        Use("resource aws_lambda_function", "", "environment"),
        Use("resource aws_lambda_function", "environment", "variables"),
        Use("resource aws_lambda_function", "", "arn"),
        Use("resource aws_lambda_function", "", "role"),
        Use("data aws_region", "", "name"),
        Use("data aws_region", "", "endpoint"),
    }


@pytest.mark.parametrize(
    "use",
    [
        Use("resource aws_lambda_function", "", "no_such_argument"),
        Use("resource aws_lambda_function", "environment", "no_such_argument"),
        Use("resource aws_lambda_function", "no_such_block", "variables"),
        Use("resource aws_no_such_resource", "", "arn"),
    ],
)
def test_what_is_missing_is_found(use: Use) -> None:
    """An attribute, a block or a resource that the release lacks is noticed."""
    assert not knows(KNOWN["kinds"], use)
