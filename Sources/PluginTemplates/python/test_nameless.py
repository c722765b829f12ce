"""Calls the function without Millrace: `millrace` is a stand-in here."""

import importlib.util
import pathlib
import sys
import types
import unittest


class Context:
    """A context that only listens."""

    def __init__(self):
        self.fractions, self.lines = [], []

    def progress(self, fraction, message=None):
        self.fractions.append(fraction)

    def log(self, message, level="info", **fields):
        self.lines.append((message, fields))


def load(name):
    """Imports a file of handlers, whose name need not be one that `import` takes."""
    stand_in = types.ModuleType("millrace")
    stand_in.handler = lambda **settings: lambda function: function
    sys.modules["millrace"] = stand_in
    path = pathlib.Path(__file__).with_name(f"{name}.py")
    specification = importlib.util.spec_from_file_location("handlers", path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


class GreetTests(unittest.TestCase):
    def test_greets(self):
        context = Context()
        text = load("nameless").greet("Ada", 2, context=context)
        self.assertEqual(text, "Hello, Ada!\nHello, Ada!\n")
        self.assertEqual(context.fractions, [0.5, 1.0])
        self.assertEqual(context.lines, [("greeted", {"who": "Ada"})])


if __name__ == "__main__":
    unittest.main()
