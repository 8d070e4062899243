"""Shared by the tests: projects to render and run."""
