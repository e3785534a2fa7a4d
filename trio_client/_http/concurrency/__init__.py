"""What cannot be converted between the two clients: two packages with the same modules and names."""
