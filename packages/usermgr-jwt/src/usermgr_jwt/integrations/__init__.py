"""Verifying tokens in web frameworks. One module a framework, each behind its extra; none is imported by the package.

`bearer.py` holds what they share: the header, the status codes and the challenges (RFC 6750).
"""
