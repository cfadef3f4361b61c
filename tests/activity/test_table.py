"""The activity table that Terraform makes is the one that the code reads and writes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from usermgr_activity.table import EXPIRES_AT, definition

HCL = (Path(__file__).parents[2] / "terraform" / "modules" / "table" / "main.tf").read_text()


def test_terraform_makes_the_table_of_the_code() -> None:
    """Keys, their types, the index, its projection and the expiry are the same in the HCL and in the code."""
    wanted = definition("activity")
    (index,) = wanted["GlobalSecondaryIndexes"]
    found_index = re.search(r"\n  global_secondary_index \{\n(.*?)\n  \}", HCL, re.DOTALL)
    assert found_index is not None
    outside = HCL.replace(found_index[0], "")

    assert found_index[0].count("\n") == 6  # name, two keys and the projection, between the braces
    assert value(found_index[1], "name") == index["IndexName"]
    assert value(found_index[1], "projection_type") == index["Projection"]["ProjectionType"]
    assert keys(found_index[1]) == index["KeySchema"]
    assert keys(outside) == wanted["KeySchema"]
    assert value(outside, "billing_mode") == wanted["BillingMode"]
    assert re.findall(r'for_each = var.rows_expire \? \["(\w+)"\]', HCL) == [EXPIRES_AT]
    attributes = re.findall(r'\n  attribute \{\n    name = "(\w+)"\n    type = "(\w)"\n  \}', HCL)
    assert sorted(attributes) == sorted(
        (attribute["AttributeName"], attribute["AttributeType"]) for attribute in wanted["AttributeDefinitions"]
    )


def keys(block: str) -> list[dict[str, Any]]:
    """The key schema of a table or an index."""
    return [
        {"AttributeName": value(block, "hash_key"), "KeyType": "HASH"},
        {"AttributeName": value(block, "range_key"), "KeyType": "RANGE"},
    ]


def value(block: str, argument: str) -> str:
    """The literal value of an argument, which must be there once."""
    (found,) = re.findall(rf'^ +{argument} += "([^"]*)"$', block, re.MULTILINE)
    return found
