"""What the documentation says: errors, generations, and the OpenAPI files. Imports nothing of the stub."""
