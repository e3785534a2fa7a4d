"""What is documented: errors, generations, and the OpenAPI files. The lowest floor."""
