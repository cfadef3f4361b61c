"""usermgr's embedded SQLite store, for a laptop."""
