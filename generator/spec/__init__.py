"""The spec: its options, how lgen.yaml is read, and what is refused."""
