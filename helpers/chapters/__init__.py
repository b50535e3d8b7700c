"""What a single chapter needs and does not teach: one module a chapter at most."""
