"""What the type checkers say about programs that use Atoll: right ones pass, wrong ones are errors."""
