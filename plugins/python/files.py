"""The files of handlers: what they say without being run, and importing one."""

import _ast
import os
import sys

import millrace

# Where they are; `interpreter.c` sets it.
directory = ""

# The registrations of the files that this process has imported, by file, and by the handler's name.
imported = {}

# How many handlers all files may have: the runner's own limit.
MOST_HANDLERS = 256

_SETTINGS_LINES = 20


class Mistake(Exception):
    """What is wrong with a file, for the operator."""


def names():
    """The files that may have handlers, in order; those that begin with `_` are for these to import."""
    try:
        found = os.listdir(directory)
    except FileNotFoundError:
        return []
    return sorted(name for name in found if name.endswith(".py") and name[0] not in "._")


def source(name):
    with open(os.path.join(directory, name), "rb") as file:
        return file.read()


def settings(text):
    """The settings in the comments that a file begins with: `# millrace: venv=/srv/venv warm=no`."""
    found = {"venv": None, "warm": "yes"}
    for line in text.decode(errors="replace").splitlines()[:_SETTINGS_LINES]:
        if not line.startswith("#"):
            break
        words = line[1:].split()
        for word in words[1:] if words[:1] == ["millrace:"] else []:
            key, _, value = word.partition("=")
            if key not in found or not value:
                raise Mistake(f"`{word}` is no setting: there are venv=DIRECTORY and warm=yes or no")
            found[key] = value
    if found["warm"] not in ("yes", "no"):
        raise Mistake(f"`warm={found['warm']}` must be warm=yes or warm=no")
    return found


def is_name(text):
    """Whether a text can be a handler's name: 1 to 64 of a-z 0-9 - _ . and beginning with a letter."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    return 0 < len(text) <= 64 and text[0] in letters and not set(text) - set(letters + "0123456789-_.")


def handlers_in(text):
    """The names of the handlers that a text has: a job finds its file by them, and runs no other one."""
    tree = compile(text, "<handlers>", "exec", _ast.PyCF_ONLY_AST, dont_inherit=True)
    found = []
    for function in tree.body:
        for decorator in getattr(function, "decorator_list", []):
            call = decorator if isinstance(decorator, _ast.Call) else None
            word = call.func if call else decorator
            if getattr(word, "attr", getattr(word, "id", "")) != "handler":
                continue
            said = [key.value for key in (call.keywords if call else []) if key.arg == "name"]
            name = getattr(said[0], "value", None) if said else function.name
            if isinstance(name, str):
                found.append(name)
    return found


def index(handler=None):
    """Returns the file of each handler, or only of one, whether it can be imported or not: of several files
    with one name the first has it."""
    places = {}
    for name in names():
        text = source(name)
        if handler is not None and handler.encode() not in text:
            continue
        try:
            found = handlers_in(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue  # Its description told the operator.
        for one in found if len(found) <= MOST_HANDLERS else []:
            if is_name(one):
                places.setdefault(one, name)
    return places


def load(name):
    """Imports a file; returns the registrations of its handlers."""
    if name in imported:
        return imported[name]
    text = source(name)
    venv = settings(text)["venv"]
    if venv:
        _enter(venv)
    if directory not in sys.path:
        sys.path.append(directory)
    path, module_name = os.path.join(directory, name), "handlers." + name[: -len(".py")]
    module = type(sys)(module_name)
    module.__file__ = path
    millrace._registered.clear()
    sys.modules[module_name] = module
    try:
        exec(compile(text, path, "exec", dont_inherit=True), module.__dict__)
    except BaseException:
        del sys.modules[module_name]
        raise
    # Not those of a file of handlers that this one imports.
    own = [one for one in millrace._registered if one.function.__module__ == module_name]
    imported[name] = own
    return own


def _enter(venv):
    """Puts the packages of a virtual environment before all others."""
    import site

    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    packages = os.path.join(venv, "lib", "python" + version, "site-packages")
    if not os.path.isdir(packages):
        raise Mistake(f"`{venv}` is no virtual environment of Python {version}: there is no `{packages}`")
    before = list(sys.path)
    site.addsitedir(packages)
    sys.path[:] = [path for path in sys.path if path not in before] + before
