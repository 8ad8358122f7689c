"""The rules of the house that no linter knows, each a pure function over text with a control that makes it fail."""
