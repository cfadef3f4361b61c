"""The activity table that Terraform makes is the one that the code reads and writes."""

from __future__ import annotations

import re
from pathlib import Path

from usermgr_activity.table import definition

MODULE = (Path(__file__).parents[2] / "terraform" / "modules" / "table" / "main.tf").read_text()
PAIR = re.compile(r'^\s*(\w+)\s*=\s*"(\w+)"$', re.MULTILINE)


def blocks(name: str) -> list[dict[str, str]]:
    """The pairs of each block of that name."""
    return [
        dict(PAIR.findall(body)) for body in re.findall(rf"^  {name} {{\n(.*?)^  }}", MODULE, re.DOTALL | re.MULTILINE)
    ]


def test_schema() -> None:
    """Keys, attributes, index and billing in the module are those of `definition`."""
    top = dict(re.findall(r'^  (\w+)\s*=\s*"(\w+)"$', MODULE, re.MULTILINE))
    [index] = blocks("global_secondary_index")
    schema = definition("usermgr_activity")

    assert [{"AttributeName": a["name"], "AttributeType": a["type"]} for a in blocks("attribute")] == schema[
        "AttributeDefinitions"
    ]
    assert (top["hash_key"], top["range_key"], top["billing_mode"]) == ("pk", "sk", schema["BillingMode"])
    assert schema["KeySchema"] == keys(top)
    assert schema["GlobalSecondaryIndexes"] == [
        {
            "IndexName": index["name"],
            "KeySchema": keys(index),
            "Projection": {"ProjectionType": index["projection_type"]},
        }
    ]


def keys(block: dict[str, str]) -> list[dict[str, str]]:
    """A block's keys as CreateTable takes them."""
    return [
        {"AttributeName": block["hash_key"], "KeyType": "HASH"},
        {"AttributeName": block["range_key"], "KeyType": "RANGE"},
    ]
