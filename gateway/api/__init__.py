"""The same things as the screens over HTTP and JSON, with the same rights; described by OpenAPI at /api/v1/openapi.json."""
