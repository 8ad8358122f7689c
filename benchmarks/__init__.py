"""What Atoll costs, beside what others cost in the same run: one module a question, `make bench NAME=...` runs it."""
