"""Templates and macros, read without rendering them."""
