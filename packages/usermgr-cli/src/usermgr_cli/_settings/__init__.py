"""Which settings are in force, and from where.

`_force` merges the flags, the environment, `--env-file` and the profile; `_env_file` and `_file` read the last two;
`_writing` changes the file of profiles; `_names` knows which names are settings, and which are secrets.
"""

from usermgr_cli._settings._file import Profile, Profiles, config_path, read_profiles
from usermgr_cli._settings._force import Setting, Settings, in_force
from usermgr_cli._settings._names import is_secret, known_names, masked, near

__all__ = [
    "Setting",
    "Settings",
    "in_force",
    "Profile",
    "Profiles",
    "config_path",
    "read_profiles",
    "is_secret",
    "known_names",
    "masked",
    "near",
]
