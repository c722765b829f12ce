"""JSON Schema of a function's parameters, of its annotations: only descriptions need it."""

import inspect
import types
import typing

import millrace

_PLAIN = {
    str: {"type": "string"}, int: {"type": "integer"}, float: {"type": "number"}, bool: {"type": "boolean"},
    type(None): {"type": "null"}, list: {"type": "array"}, dict: {"type": "object"}, typing.Any: {},
}


def derive(function):
    """Returns the schema; raises TypeError that names the parameter which no schema can be made for."""
    hints = typing.get_type_hints(function, include_extras=True)
    properties, required, others = {}, [], False
    for name, parameter in inspect.signature(function).parameters.items():
        if name == "context":
            continue
        if parameter.kind is parameter.VAR_KEYWORD:
            others = True
            continue
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise TypeError(f"parameter `{name}` can't be given by its name")
        try:
            rule = _rule(hints.get(name, typing.Any))
        except TypeError as problem:
            raise TypeError(f"parameter `{name}` {problem}; say `schema=` instead") from None
        if parameter.default is parameter.empty:
            required.append(name)
        elif parameter.default is not None:
            rule = {**rule, "default": parameter.default}
        properties[name] = rule
    schema = {"type": "object", "properties": properties, "additionalProperties": others}
    return {**schema, "required": required} if required else schema


def _rule(hint):
    """The schema of one type."""
    for kind, rule in _PLAIN.items():
        if hint is kind:
            return dict(rule)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        rule = _rule(arguments[0])
        for extra in arguments[1:]:
            if extra is millrace.Secret:
                rule["writeOnly"] = True
            elif isinstance(extra, dict):
                rule.update(extra)
            elif isinstance(extra, str):
                rule["description"] = extra
        return rule
    if origin is typing.Literal:
        return {"enum": list(arguments)}
    if origin is list:
        return {"type": "array", "items": _rule(arguments[0])}
    if origin is dict and arguments[0] is str:
        return {"type": "object", "additionalProperties": _rule(arguments[1])}
    if origin in (typing.Union, types.UnionType):
        return _either([_rule(argument) for argument in arguments])
    raise TypeError(f"has a type that JSON has not: {getattr(hint, '__name__', hint)}")


def _either(rules):
    """The schema of one of several types: those that say nothing but their type, or one more with null."""
    kinds = [rule.get("type") for rule in rules]
    if all(len(rule) == 1 and kind for rule, kind in zip(rules, kinds)):
        return {"type": kinds}
    rest = [rule for rule in rules if rule != {"type": "null"}]
    if len(rest) == 1 and isinstance(rest[0].get("type"), str):
        return {**rest[0], "type": [rest[0]["type"], "null"]}
    raise TypeError("may be of several types that one schema can't tell apart")
