"""Add a service to the list in an application's source, and leave every other character as it is."""

import ast
from dataclasses import dataclass

from atoll.cli.refusals import Mistaken

LINE_MAX = 100


def with_service(source: str, attribute: str, reference: str, file: str) -> str:
    """The source with `reference` at the end of the services of the application `attribute`.

    Raises:
        Mistaken: the list cannot be found, or is not written out as a list of references.
    """
    fix = f'Add "{reference}" to the services of `{attribute}` in {file} yourself.'
    try:
        listed = _listed(ast.parse(source), attribute)
    except SyntaxError as error:
        raise Mistaken(
            f"{file}:{error.lineno} is not Python: {error.msg}.", "Mend it first.", code="not_listed"
        ) from None
    if listed is None:
        raise Mistaken(
            f"{file} has no `{attribute} = Application(..., services=[...])` whose services are written out as a list.",
            fix,
            code="not_listed",
        )
    changed = _inserted(_Lines(source), listed, reference)
    again = _listed(ast.parse(changed), attribute)
    if again is None or [ast.dump(each) for each in again.elts] != [
        *(ast.dump(each) for each in listed.elts),
        ast.dump(ast.Constant(reference)),
    ]:
        raise Mistaken(
            f"The services in {file} are written in a way that cannot be extended safely.", fix, code="not_listed"
        )
    return changed


def _listed(tree: ast.Module, attribute: str) -> ast.List | None:
    """The list that is given as `services` to the application of this name."""
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call) if name == attribute:
                pass
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Call() as call) if name == attribute:
                pass
            case _:
                continue
        for keyword in call.keywords:
            if keyword.arg == "services" and isinstance(keyword.value, ast.List):
                return keyword.value
    return None


@dataclass(frozen=True, slots=True)
class _Lines:
    """Source by lines; positions of `ast` count bytes of UTF-8, not characters."""

    text: str

    def offset(self, line: int, column: int) -> int:
        """Where a position of `ast` is in the text."""
        lines = self.text.splitlines(keepends=True)
        return sum(map(len, lines[: line - 1])) + len(lines[line - 1].encode()[:column].decode())

    def indent(self, line: int) -> str:
        """The blanks with which a line begins."""
        found = self.text.splitlines()[line - 1]
        return found[: len(found) - len(found.lstrip())]


def _inserted(lines: _Lines, listed: ast.List, reference: str) -> str:
    assert listed.end_lineno is not None
    assert listed.end_col_offset is not None
    end = lines.offset(listed.end_lineno, listed.end_col_offset) - 1  # the closing bracket
    text, new = lines.text, f'"{reference}"'
    if not listed.elts:
        start = lines.offset(listed.lineno, listed.col_offset) + 1
        return text[:start] + new + text[start:]
    last = listed.elts[-1]
    assert last.end_lineno is not None
    assert last.end_col_offset is not None
    after = lines.offset(last.end_lineno, last.end_col_offset)
    rest = text[after:end]  # a comma, comments, line ends
    has_comma = rest.lstrip().startswith(",")
    if listed.end_lineno == listed.lineno:
        return _in_one_line(lines, listed, text[:after], new, text[end:])
    if last.end_lineno == listed.end_lineno:  # the bracket closes on the last element's line
        return f"{text[:after]},\n{lines.indent(last.lineno)}{new}{text[end:]}"
    head = text[:after] + ("" if has_comma else ",") + rest.rstrip(" \t")
    return f"{head}{lines.indent(last.lineno)}{new},\n{lines.indent(listed.end_lineno)}{text[end:]}"


def _in_one_line(lines: _Lines, listed: ast.List, head: str, new: str, tail: str) -> str:
    """The list in its line where there is room, else one element a line."""
    line = head.rpartition("\n")[2] + f", {new}" + tail.partition("\n")[0]
    if len(line) <= LINE_MAX:
        return f"{head}, {new}{tail}"
    indent = lines.indent(listed.lineno)
    start = lines.offset(listed.lineno, listed.col_offset)
    elements = [ast.get_source_segment(lines.text, each) or "" for each in listed.elts]
    body = "".join(f"{indent}    {element},\n" for element in [*elements, new])
    return f"{lines.text[:start]}[\n{body}{indent}{tail}"
