"""One JSON line per invocation, which is also its metric, in CloudWatch's embedded metric format.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Mapping
from datetime import datetime

from usermgr.errors import UsermgrError

__all__ = ["failure", "log_line"]

NAMESPACE = "usermgr/activity"
METRICS = {"recorded": "Recorded", "repeat": "Repeat", "late": "Late", "failed": "Failed"}
"""The metric that counts each outcome."""


def failure(error: Exception) -> dict[str, str]:
    """What to log of an error: its names and the place, never text that may contain personal data."""
    fields = {"outcome": "failed", "error": type(error).__name__}
    if isinstance(error, UsermgrError):  # our own messages contain no secret: that is a rule of the error tree
        fields |= {"code": error.code, "message": error.message}
        fields |= {"service_code": str(error.details["service_code"])} if "service_code" in error.details else {}
    elif frames := traceback.extract_tb(error.__traceback__):
        fields["at"] = f"{frames[-1].name}:{frames[-1].lineno}"
    return fields


def log_line(fields: Mapping[str, str], now: datetime) -> str:
    """The line for CloudWatch Logs: the fields, and 1 for the metric of their outcome."""
    metric = METRICS[fields["outcome"]]
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [["FunctionName"]],
        "Metrics": [{"Name": metric, "Unit": "Count"}],
    }
    return json.dumps(
        {
            "_aws": {"Timestamp": int(now.timestamp() * 1000), "CloudWatchMetrics": [directive]},
            "FunctionName": os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "usermgr_activity"),
            metric: 1,
            **fields,
        }
    )
