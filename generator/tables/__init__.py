"""Facts about the installed torch, kept as data so that lgen needs no torch."""
