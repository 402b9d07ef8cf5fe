"""The house stays the house: who may import whom, who may commit, who may ask for the time. Read from the source, never run."""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
OURS = ("recovery", "config")

RANKS = (
    ("domain", "clock"),
    ("models", "sms"),
    ("services",),
    ("bootstrap", "migrations"),
    ("edge",),
    ("api", "web", "worker", "cli"),
    ("app",),
)
STANDARD_LIBRARY_ONLY = ("__main__", "first_run")
VAGUE_NAMES = {"utils", "util", "common", "helpers", "helper", "manager", "managers", "misc", "base_utils"}
MOST_LINES = 350
MOST_MODULES = 12
"""Past so many, use cases are split by what they are about, never by kind of class."""

IMPORTS_INSIDE_FUNCTIONS: dict[tuple[str, str], str] = {}
"""(module, what it imports) → the reason."""

ACTS_FOR_NOBODY_SIGNED_IN = {
    "recovery.web.session": "is that door, and stamps the session itself",
    "recovery.web.sign_in": "at the door nobody is in yet, and everybody may go out",
    "recovery.web.customer": "the link is the authority, and is looked at again under the lock",
    "recovery.web.approval_link": "as above",
    "recovery.web.hooks": "the provider's signature is the authority",
    "recovery.web.call_hooks": "as above",
    "recovery.web.refusals": "counts strangers",
    "recovery.web.audit": "the reading of the trail goes on beside the request",
}

MAY_ASK_FOR_THE_TIME = {"recovery.clock"}
ASKS_FOR_THE_TIME = {
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
    "time": {"time", "time_ns", "localtime", "gmtime", "monotonic", "monotonic_ns", "perf_counter"},
    "func": {"now", "current_timestamp", "localtimestamp", "sysdate"},
}


def module_name(path: Path) -> str:
    parts = path.relative_to(REPOSITORY).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules() -> dict[str, ast.Module]:
    paths = [path for package in OURS for path in sorted((REPOSITORY / package).rglob("*.py"))]
    return {module_name(path): ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def imported_by(name: str, tree: ast.AST) -> Iterator[tuple[ast.stmt, str]]:
    """Each import statement with the modules that it names; `from package import module` names the module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} imports relatively, line {node.lineno}"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield node, whole if whole in modules() else str(node.module)


def part_of(module: str) -> str:
    """`recovery.domain.money` → `domain`; the package itself → nothing."""
    return [*module.split("."), ""][1]


def rank_of(part: str) -> int:
    return next(rank for rank, parts in enumerate(RANKS) if part in parts)


def is_ours(module: str) -> bool:
    return module.split(".", maxsplit=1)[0] in OURS


def ranked() -> list[str]:
    parts = {part for rank in RANKS for part in rank}
    return [name for name in modules() if name.startswith("recovery.") and part_of(name) in parts]


def test_every_module_has_its_place_in_the_house() -> None:
    known = {part for rank in RANKS for part in rank} | set(STANDARD_LIBRARY_ONLY)
    assert [name for name in modules() if name.startswith("recovery.") and part_of(name) not in known] == []


def test_imports_go_one_way_from_high_to_low() -> None:
    wrong = []
    for name in ranked():
        part = part_of(name)
        for _, target in imported_by(name, modules()[name]):
            if target.startswith("recovery.") and part_of(target) != part:
                allowed = part_of(target) not in STANDARD_LIBRARY_ONLY and rank_of(part_of(target)) < rank_of(part)
                if not allowed:
                    wrong.append(f"{name} imports {target}")
    assert wrong == []


def test_only_the_edge_reads_the_configuration() -> None:
    low = {part for rank in RANKS[:3] for part in rank}
    wrong = [
        f"{name} imports {target}"
        for name in ranked()
        if part_of(name) in low
        for _, target in imported_by(name, modules()[name])
        if target.startswith("config")
    ]
    assert wrong == []


def test_the_configuration_imports_nothing_of_the_product() -> None:
    wrong = [
        f"{name} imports {target}"
        for name in modules()
        if name.startswith("config")
        for _, target in imported_by(name, modules()[name])
        if target.startswith("recovery")
    ]
    assert wrong == []


def test_the_first_run_needs_the_standard_library_alone() -> None:
    wrong = []
    for name in modules():
        if name.startswith("recovery.") and part_of(name) in STANDARD_LIBRARY_ONLY:
            for _, target in imported_by(name, modules()[name]):
                ours = target.startswith("recovery.first_run")
                if not ours and target.split(".")[0] not in sys.stdlib_module_names:
                    wrong.append(f"{name} imports {target}")
    assert wrong == []


def test_the_package_itself_imports_nothing() -> None:
    assert modules()["recovery"].body == []


def test_nothing_is_imported_inside_a_function() -> None:
    inside = set()
    for name, tree in modules().items():
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        inside |= {(name, target) for function in functions for _, target in imported_by(name, function)}
    assert inside == set(IMPORTS_INSIDE_FUNCTIONS)


def test_no_module_imports_itself_by_a_detour() -> None:
    graph = {
        name: {target for _, target in imported_by(name, tree) if target in modules() and target != name}
        for name, tree in modules().items()
    }
    assert cycles(graph) == []


def cycles(graph: dict[str, set[str]]) -> list[list[str]]:
    """What is left when everything is taken away that imports nothing, or nothing any more."""
    left = {name: set(targets) for name, targets in graph.items()}
    while free := [name for name, targets in left.items() if not targets & left.keys()]:
        for name in free:
            del left[name]
    return [sorted(left)] if left else []


def test_the_search_for_cycles_finds_one() -> None:
    assert cycles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}, "e": set()}) == [["a", "b", "c", "d"]]


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [name for name in modules() if VAGUE_NAMES & set(name.split("."))] == []


def test_use_cases_are_kept_by_what_they_are_about() -> None:
    packages = [path.parent for path in sorted((REPOSITORY / "recovery" / "services").rglob("__init__.py"))]
    crowded = [path.name for path in packages if len(list(path.glob("[!_]*.py"))) > MOST_MODULES]
    assert len(packages) > 1
    assert crowded == []


def test_no_file_is_too_long_to_read() -> None:
    paths = [path for package in OURS for path in (REPOSITORY / package).rglob("*.py")]
    assert [path.name for path in paths if len(path.read_text(encoding="utf-8").splitlines()) > MOST_LINES] == []


def test_only_the_clock_asks_the_machine_for_the_time() -> None:
    wrong = []
    for name, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in ASKS_FOR_THE_TIME.get(last_name(node.value), set()):
                wrong.append(f"{name}:{node.lineno}")
            if isinstance(node, ast.ImportFrom) and node.module == "time":
                wrong += [f"{name}:{node.lineno}" for alias in node.names if alias.name in ASKS_FOR_THE_TIME["time"]]
    assert [each for each in wrong if each.split(":")[0] not in MAY_ASK_FOR_THE_TIME] == []


def last_name(node: ast.expr) -> str:
    """`datetime` for `datetime` and for `datetime.datetime`."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


@pytest.mark.parametrize("part", ["domain", "models", "sms", "services"])
def test_transactions_belong_to_the_edge(part: str) -> None:
    wrong = [
        f"{name}:{node.lineno}"
        for name in ranked()
        if part_of(name) == part
        for node in ast.walk(modules()[name])
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
    ]
    assert wrong == []


def test_staff_act_through_the_one_door_that_reads_them_again() -> None:
    """`web.session.transact`: anything else would act as who somebody was when their request began."""
    wrong = [
        f"{name}:{node.lineno}"
        for name in ranked()
        if name.startswith("recovery.web.") and name not in ACTS_FOR_NOBODY_SIGNED_IN
        for node in ast.walk(modules()[name])
        if isinstance(node, ast.Attribute) and node.attr in {"transact", "write"}
    ]
    assert wrong == []


def test_no_test_replaces_a_name_of_ours() -> None:
    wrong = []
    for path in sorted((REPOSITORY / "tests").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        ours = {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
            if is_ours(node.module or "" if isinstance(node, ast.ImportFrom) else alias.name)
        }
        wrong += [
            f"{path.name}:{node.lineno}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and replaces(node, ours)
        ]
    assert wrong == []


def replaces(call: ast.Call, ours: set[str]) -> bool:
    """`monkeypatch.setattr`, `mock.patch` and their kin, on a name that is ours."""
    if last_name(call.func) not in {"setattr", "delattr", "patch", "object", "multiple"} or not call.args:
        return False
    target = call.args[0]
    if isinstance(target, ast.Constant):
        return isinstance(target.value, str) and is_ours(target.value)
    root = target
    while isinstance(root, ast.Attribute):
        root = root.value
    return isinstance(root, ast.Name) and root.id in ours


def test_the_search_for_replaced_names_finds_them() -> None:
    source = "monkeypatch.setattr('recovery.clock.x', 1); monkeypatch.setattr(clock.SystemClock, 'now', 1); mock.patch('requests.get')"
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    assert [replaces(call, {"clock"}) for call in calls] == [True, True, False]
