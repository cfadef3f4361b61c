"""The handlers, one family of pages a file. Each takes a `Call`, and is named in `usermgr_console._routes`."""
