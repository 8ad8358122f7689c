"""The control of tests/leftovers.py: a test that leaves something behind fails, and is told what it left."""

import os

import pytest

from tests.house.checkout import ROOT

pytestmark = pytest.mark.slow

LEAKS = {
    "task": "async def test_leaks():\n    kept.append(asyncio.create_task(asyncio.sleep(60), name='forgotten'))",
    "thread": "def test_leaks():\n    threading.Thread(target=threading.Event().wait, daemon=True).start()",
    "socket": "def test_leaks():\n    kept.append(socket.socket())",
    "socket on a loop": "async def test_leaks():\n    kept.append(await asyncio.start_server(print, '127.0.0.1', 0))",
    "child process": "def test_leaks():\n    kept.append(subprocess.Popen(['sleep', '5']))",
}

TIDY = """
async def test_tidies_up_a_task_and_a_server():
    task = asyncio.create_task(asyncio.sleep(60))
    server = await asyncio.start_server(lambda reader, writer: None, '127.0.0.1', 0)
    server.close()
    await server.wait_closed()
    task.cancel()

def test_tidies_up_a_thread():
    threading.Thread(target=threading.Event().wait, args=(0.05,)).start()

def test_waits_for_its_child():
    subprocess.run(['true'])
"""

KEPT_BY_THE_MODULE = """
@pytest.fixture(scope='module')
def server():
    with socket.create_server(('127.0.0.1', 0)) as listening:
        yield listening

def test_uses_the_server(server): pass
def test_uses_it_again(server): pass
"""

HEADER = "import asyncio, pytest, socket, subprocess, threading\nkept = []\n"


@pytest.mark.parametrize("kind", LEAKS)
def test_whatever_is_left_behind_is_named(pytester: pytest.Pytester, kind: str) -> None:
    """What one test leaves makes another one fail, later and without a reason."""
    result = _run(pytester, LEAKS[kind])

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*The test left behind:*", f"*{kind.removesuffix(' on a loop')} *"])


def test_a_tidy_test_passes(pytester: pytest.Pytester) -> None:
    """Things on their way out are given a moment."""
    result = _run(pytester, TIDY)

    result.assert_outcomes(passed=3)


def test_what_a_module_keeps_may_stay(pytester: pytest.Pytester) -> None:
    """Servers and browsers of a whole module are no leftovers of its first test."""
    result = _run(pytester, KEPT_BY_THE_MODULE)

    result.assert_outcomes(passed=2)


def _run(pytester: pytest.Pytester, source: str) -> pytest.RunResult:
    """The tests in `source`, in a process of their own, so that what they leave does not stay here."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PYTHONPATH", str(ROOT), prepend=os.pathsep)
        environment.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        pytester.makeini("[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n")
        pytester.makepyfile(HEADER + source)
        return pytester.runpytest_subprocess("-p", "pytest_asyncio.plugin", "-p", "tests.leftovers")
