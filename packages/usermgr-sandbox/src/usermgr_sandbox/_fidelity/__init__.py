"""Where moto differs from AWS, corrected: moto is the sandbox's transport, not the truth.

Each module names the AWS page that it follows, and each correction has a test that fails on stock moto.
`apply` puts the corrected backends and request handlers in moto's registries; nothing else is replaced.
"""

from __future__ import annotations

import moto
from moto.awslambda import urls as lambda_urls
from moto.awslambda.models import lambda_backends
from moto.cognitoidp import urls as cognito_urls
from moto.cognitoidp.models import cognitoidp_backends

from usermgr_sandbox._fidelity.cognito import make_cognito_backend
from usermgr_sandbox._fidelity.functions import make_lambda_backend
from usermgr_sandbox._fidelity.listing import forget_listings, remember
from usermgr_sandbox._fidelity.pool import find_pool
from usermgr_sandbox._fidelity.responses import SandboxCognitoResponse, SandboxLambdaResponse
from usermgr_sandbox._fidelity.users import federate_user
from usermgr_sandbox._fidelity.world import World

__all__ = ["World", "apply", "federate_user", "find_pool", "forget_listings", "remember"]

KNOWN_MOTO = "5.2."


def apply(world: World) -> None:
    """Corrects moto in this process, for good. Raises `RuntimeError` on a moto that was not measured."""
    if not moto.__version__.startswith(KNOWN_MOTO):
        raise RuntimeError(f"the corrections are for moto {KNOWN_MOTO}x, and this is {moto.__version__}")
    cognitoidp_backends.backend = make_cognito_backend(world)
    cognito_urls.url_paths["{0}/$"] = SandboxCognitoResponse.dispatch
    lambda_urls.url_paths.update(dict.fromkeys(lambda_urls.url_paths, SandboxLambdaResponse.dispatch))
    lambda_backends.backend = make_lambda_backend(world)
