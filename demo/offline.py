"""Runs in a process of its own, without sockets: verifies tokens with nothing but the downloaded JWKS file.

Reads {"tokens": {name: token}, "jwks", "user_pool_id", "client_id"} from standard input, so that no token is
ever written to a file, and prints the verdicts as JSON.
"""

from __future__ import annotations

import json
import socket
import sys

from usermgr_jwt import CognitoVerifier, JwksFile, TokenError

USES = {"id token": "id"}


class SocketDeniedError(RuntimeError):
    """Somebody tried to open a socket."""


def deny_sockets(event: str, _arguments: tuple[object, ...]) -> None:
    """An audit hook: https://docs.python.org/3/library/audit_events.html lists what `socket` raises."""
    if event.startswith("socket."):
        raise SocketDeniedError(event)


def main() -> None:
    """Denies sockets, shows that the denial works, and verifies."""
    asked = json.load(sys.stdin)
    sys.addaudithook(deny_sockets)
    try:
        socket.socket()
    except SocketDeniedError as error:
        denied = str(error)
    else:
        sys.exit("the audit hook did not fire: this process could reach the network")
    keys = JwksFile(asked["jwks"])
    verdicts: dict[str, str] = {}
    for name, token in asked["tokens"].items():
        verifier = CognitoVerifier(
            user_pool_id=asked["user_pool_id"],
            client_id=asked["client_id"],
            token_use=USES.get(name, "access"),
            keys=keys,
        )
        try:
            claims = verifier.verify(token)
        except TokenError as error:
            verdicts[name] = f"refused: {type(error).__name__}"
        else:
            verdicts[name] = f"verified: sub {claims['sub']}"
    print(json.dumps({"denied": denied, "verdicts": verdicts}))


if __name__ == "__main__":
    main()
