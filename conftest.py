"""Property tests (Hypothesis) try the same examples in every run of `make test`, so that it fails for a change and not
by chance; `make properties` tries other ones each time, and more of them. Neither looks at a clock."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "steady", derandomize=True, database=None, deadline=None, print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)  # fmt: skip
settings.register_profile("thorough", settings.get_profile("steady"), derandomize=False, max_examples=1000)
settings.load_profile("steady")
