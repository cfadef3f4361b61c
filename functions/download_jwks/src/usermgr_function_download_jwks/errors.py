"""The root of every error that this function answers with: that of usermgr's tree, with its codes.

===========================  =======================  ==================================================
`ConfigurationError`         `configuration`          the function's environment
`StoreNotFoundError`         `store_not_found`        Cognito does not know the pool
`ServiceUnavailableError`    `service_unavailable`    no connection, or an error of the service's
`ServiceTimeoutError`        `service_timeout`        no whole answer in time
`ProtocolError`              `protocol`               the answer is not a JWKS that may be passed on
===========================  =======================  ==================================================
"""

from __future__ import annotations

from usermgr.errors import UsermgrError as DownloadError

__all__ = ["DownloadError"]
