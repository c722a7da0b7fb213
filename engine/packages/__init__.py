"""Packages: what packages.yml asks for, where it comes from, and how it is installed."""
