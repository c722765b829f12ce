"""Writes the manual pages, from what the programs say of themselves and from etc/millrace.yaml.

    python3 etc/manual.py DIRECTORY PROGRAM…     `DIRECTORY/man1` and `man5` are made

A program's page lists its commands, each of which has a page of its own: millrace-schedule-add(1). The
language is man(7).
"""

import datetime
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent
SECTIONS = {1: "User Commands", 5: "File Formats"}


def escaped(text):
    """Text that means itself."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("…", "\\&...").replace("'", "\\(aq")
    return text.replace("~", "\\(ti").replace("^", "\\(ha")


def line(text):
    """A line of running text, in which `words` are bold."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        parts = [text]
    marked = [f"\\fB{escaped(part)}\\fR" if at % 2 else escaped(part) for at, part in enumerate(parts)]
    text = "".join(marked)
    return "\\&" + text if text.startswith((".", "\\(aq")) else text


def literal(lines):
    """Lines as they are, indented."""
    return [".PP", ".RS 4", ".nf", *("\\&" + escaped(text) for text in lines), ".fi", ".RE"]


def prose(text):
    """Paragraphs; lines that start with two blanks are kept as they are."""
    out, block = [], []
    for text_line in text.split("\n") + [""]:
        if text_line.startswith("  "):
            block.append(text_line[2:])
            continue
        if block:
            out += literal(block) + ([".PP"] if text_line else [])
            block = []
        out.append(line(text_line) if text_line else ".PP")
    while out and out[-1] == ".PP":
        out.pop()
    while out and out[0] == ".PP" and out[1:2] != [".RS 4"]:
        out.pop(0)
    return [text for at, text in enumerate(out) if text != ".PP" or out[at + 1 : at + 2] != [".PP"]]


def name_of(argument):
    """`--memory` for the option's main name."""
    dashes = "--" if argument["preferredName"]["kind"] == "long" else "-"
    return dashes + argument["preferredName"]["name"]


def label(argument):
    """What stands before an argument's description."""
    value = f"\\fI{escaped(argument['valueName'])}\\fR"
    if argument["kind"] == "positional":
        return value + (" \\&..." if argument["isRepeating"] else "")
    names = [("--" if name["kind"] == "long" else "-") + name["name"] for name in argument["names"]]
    text = ", ".join(f"\\fB{escaped(name)}\\fR" for name in sorted(names, key=len))
    return text if argument["kind"] == "flag" else f"{text} {value}"


def described(arguments):
    out = []
    for argument in arguments:
        sentences = [argument.get("abstract", "")]
        if argument.get("allValues"):
            values = ", ".join(argument["allValues"])
            if values not in sentences[0]:
                sentences.append(f"One of {values}.")
        if argument.get("defaultValue") and argument["kind"] != "flag":
            sentences.append(f"Default: {argument['defaultValue']}.")
        text = " ".join(sentence for sentence in sentences if sentence)
        out += [".TP", label(argument), line(text) if text else "\\&"]
    return out


def synopsis(path, command, commands):
    words = [f"\\fB{escaped(' '.join(path))}\\fR"]
    for argument in command["arguments"]:
        if argument["kind"] == "positional":
            word = label(argument)
            words.append(f"[{word}]" if argument["isOptional"] else word)
        elif argument["kind"] == "option" and not argument["isOptional"]:
            words.append(f"\\fB{escaped(name_of(argument))}\\fR \\fI{escaped(argument['valueName'])}\\fR")
    if commands:
        words.append("\\fIcommand\\fR")
    return " ".join(words + ["[\\fIoptions\\fR]"])


def head(title, section, today, version):
    title = escaped(title.upper())
    return [f'.TH "{title}" {section} "{today}" "Millrace {version}" "{SECTIONS[section]}"', ".SH NAME"]


def references(names, section=1):
    """Names of pages, the last one without a comma."""
    names = list(names)
    commas = ["," if at + 1 < len(names) else "" for at in range(len(names))]
    return [f".BR {escaped(name)} ({section}){comma}" for name, comma in zip(names, commas)]


def command_pages(command, path, parent, edition):
    """Yields the name and the lines of the page of a command, then those of the commands below it."""
    path = path + [command["commandName"]]
    name = "-".join(path)
    subcommands = [c for c in command.get("subcommands", []) if c["commandName"] != "help"]
    shown = [argument for argument in command["arguments"] if argument["shouldDisplay"]]
    positionals = [argument for argument in shown if argument["kind"] == "positional"]
    options = [argument for argument in shown if argument["kind"] != "positional"]
    abstract = command.get("abstract", "").rstrip(".")
    page = head(name, 1, *edition) + [f"{escaped(name)} \\- {escaped(abstract)}"]
    page += [".SH SYNOPSIS", synopsis(path, command | {"arguments": shown}, subcommands)]
    page += [".SH DESCRIPTION", line(command.get("abstract", ""))]
    text, examples = parted(command.get("discussion", ""))
    if text:
        page += [".PP", *prose(text)]
    if subcommands:
        page += [".SH COMMANDS"]
        for below in subcommands:
            page += [".TP", f"\\fB{escaped(below['commandName'])}\\fR", line(below.get("abstract", ""))]
        if command.get("defaultSubcommand"):
            page += [".PP", f"Without one: \\fB{escaped(command['defaultSubcommand'])}\\fR."]
    if positionals:
        page += [".SH ARGUMENTS", *described(positionals)]
    page += [".SH OPTIONS", *described(options)]
    if examples:
        page += [".SH EXAMPLES", *literal(examples)[1:]]
    related = [f"{name}-{below['commandName']}" for below in subcommands] or parent
    page += [".SH SEE ALSO", *references(related)]
    yield name, page
    for below in subcommands:
        yield from command_pages(below, path, [name], edition)


def parted(discussion):
    """The running text and the examples of a discussion."""
    found = re.match(r"examples:\n((?:  .*\n?)+)\n?", discussion)
    if not found:
        return discussion, []
    examples = [text[2:] for text in found.group(1).rstrip("\n").split("\n")]
    return discussion[found.end() :], examples


def settings_page(edition):
    """The lines of millrace.yaml(5): comments become text, settings stay as they are."""
    page = head("millrace.yaml", 5, *edition)
    page += ["millrace.yaml \\- the configuration of the runner of Millrace", ".SH DESCRIPTION"]
    text, block = [], []

    def flush():
        if text:
            page.extend([".PP", line(" ".join(text))])
        if block:
            page.extend(literal(block))
        text.clear()
        block.clear()

    for given in (ROOT / "millrace.yaml").read_text().splitlines():
        title = re.match(r"# --- (.*?) -+$", given)
        if title:
            flush()
            page.extend([f".SH {escaped(title.group(1).upper())}"])
        elif re.match(r"# \S", given):
            if block:
                flush()
            text.append(given[2:])
        elif given.startswith("#") and len(given) > 1:
            block.append(given[1:])
        else:
            flush()
    flush()
    # A heading needs no paragraph after it.
    page = [text for at, text in enumerate(page) if text != ".PP" or not page[at - 1].startswith(".SH")]
    return page + [".SH SEE ALSO", *references(["millrace", "millraced"])]


def main():
    directory, programs = pathlib.Path(sys.argv[1]), sys.argv[2:]
    moment = int(os.environ.get("SOURCE_DATE_EPOCH") or datetime.datetime.now().timestamp())
    today = datetime.datetime.fromtimestamp(moment, datetime.timezone.utc).strftime("%Y-%m-%d")
    names = [pathlib.Path(program).name for program in programs]
    pages, version = [], ""
    for program in programs:
        asked = subprocess.run([program, "--experimental-dump-help"], check=True, capture_output=True)
        version = subprocess.run([program, "--version"], check=True, capture_output=True, text=True)
        edition = (today, version.stdout.strip())
        others = [name for name in names if name != pathlib.Path(program).name]
        for name, page in command_pages(json.loads(asked.stdout)["command"], [], others, edition):
            pages.append((f"man1/{name}.1", page))
    pages.append(("man5/millrace.yaml.5", settings_page(edition)))
    for name, page in pages:
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text("\n".join(page) + "\n")


main()
