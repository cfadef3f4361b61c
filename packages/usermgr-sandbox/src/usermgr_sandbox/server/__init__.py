"""The child process: moto's WSGI application behind our middleware, on a loopback port."""
