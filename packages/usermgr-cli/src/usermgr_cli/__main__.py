"""`python -m usermgr_cli` is the command `usermgr`."""

from usermgr_cli import main

main()
