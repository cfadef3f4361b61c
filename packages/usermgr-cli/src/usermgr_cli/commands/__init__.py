"""The commands, a module each, as `command` in it. None imports a store before it runs."""
