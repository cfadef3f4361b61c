"""`make demo`: the main job, end to end, on a sandbox. Start reading in `__main__`."""
