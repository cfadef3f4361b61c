"""Verifying tokens in web frameworks: one module per framework, behind its extra. The package imports none of them."""
