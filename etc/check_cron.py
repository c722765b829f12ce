"""Compares the times of `millrace schedule preview` with those of croniter and cronsim; see etc/check-cron."""

import argparse
import collections
import datetime
import random
import subprocess
import sys
import zoneinfo

import croniter
import cronsim

UTC = datetime.timezone.utc
DAY = datetime.timedelta(days=1)
FIELDS = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 7)]
MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
DAYS = "sun mon tue wed thu fri sat".split()


def made_item(draw, low, high):
    one, two = sorted((draw.randint(low, high), draw.randint(low, high)))
    kind = draw.random()
    if kind < 0.45:
        return "*"
    if kind < 0.6:
        return f"*/{draw.randint(1, high)}"
    if kind < 0.7:
        return f"{one}-{two}" if one < two else str(one)
    if kind < 0.75:
        return f"{one}-{two}/{draw.randint(1, 9)}" if one < two else str(one)
    if high == 12 and kind < 0.8:
        return MONTHS[one - 1]
    if high == 7 and kind < 0.85:
        return DAYS[one % 7]
    return str(one)


def made_expression(draw):
    fields = []
    for low, high in FIELDS:
        count = draw.randint(2, 4) if draw.random() < 0.2 else 1
        fields.append(",".join(made_item(draw, low, high) for _ in range(count)))
    return " ".join(fields)


def made_start(draw, zone):
    """A whole second from 1900 to 2100, every other one less than two days from a change of the clock."""
    start = datetime.datetime.fromtimestamp(draw.randint(-2_208_988_800, 4_102_444_800), UTC)
    if draw.random() < 0.5:
        change = next(changes(zone, start, start + 400 * DAY), None)
        if change:
            start = change + datetime.timedelta(seconds=draw.randint(-172_800, 86_400))
    return start.astimezone(zone)


def changes(zone, start, end):
    """The days between two times, in steps of one, on which the offset changes."""
    day = start
    while day < end:
        if day.astimezone(zone).utcoffset() != (day + DAY).astimezone(zone).utcoffset():
            yield day
        day += DAY


def by_millrace(program, expression, name, start, count):
    answer = subprocess.run(
        [program, "schedule", "preview", "--cron", expression, "--tz", name, "--after", start.astimezone(UTC).isoformat(),
         "--count", str(count), "-o", "ids"],
        capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        sys.exit(f"`{expression}` in {name} after {start.isoformat()}: {answer.stderr}")
    return [datetime.datetime.fromisoformat(time).astimezone(UTC) for time in answer.stdout.split()]


def by_croniter(expression, start, count):
    try:
        times = croniter.croniter(expression, start, datetime.datetime, implement_cron_bug=True)
        return [times.get_next().astimezone(UTC) for _ in range(count)]
    except croniter.CroniterBadDateError:
        return []


def by_cronsim(expression, start, count):
    try:
        times = cronsim.CronSim(expression, start)
        return [next(times).astimezone(UTC) for _ in range(count)]
    except (cronsim.CronSimError, StopIteration):
        return []


def forward(moment, zone):
    """How far the clock was set forward in the minute before a moment."""
    before = moment - datetime.timedelta(minutes=1)
    return moment.astimezone(zone).utcoffset() - before.astimezone(zone).utcoffset()


def without_gap_ends(moments, zone, more_than):
    return [moment for moment in moments if forward(moment, zone) <= more_than]


def has_late_star(ours, theirs, expression, zone):
    """A star in a field of days behind a comma: `0 0 13,* * fri`."""
    fields = expression.split()
    return any("*" in fields[place] and fields[place][0] != "*" for place in (2, 4))


def makes_up_for_stars(ours, theirs, expression, zone):
    if "*" not in {field[0] for field in expression.split()[:2]}:
        return False
    rest = without_gap_ends(theirs, zone, datetime.timedelta(0))
    return len(rest) < len(theirs) and rest == without_gap_ends(ours, zone, datetime.timedelta(0))[: len(rest)]


def makes_up_for_days(ours, theirs, expression, zone):
    rest = without_gap_ends(theirs, zone, datetime.timedelta(hours=3))
    return len(rest) < len(theirs) and rest == ours[: len(rest)]


# What is known: the libraries, what it is, and whether a difference is of the kind.
KNOWN = [
    (
        ("croniter",),
        "a field of days is unrestricted if a star is anywhere in it; in Debian's cron only a star that is the"
        " first character counts",
        has_late_star,
    ),
    (
        ("croniter",),
        "what a minute or hour with a star is due at in a gap runs when the gap ends; in Debian's cron such an"
        " expression follows the clock, which skips it",
        makes_up_for_stars,
    ),
    (
        ("croniter", "cronsim"),
        "what is due in a gap of more than three hours runs when it ends; in Debian's cron it is skipped, as"
        " such a change is none of daylight saving",
        makes_up_for_days,
    ),
]


def known_difference(library, *facts):
    """The place of the known difference in the table; None if there is none."""
    for place, (libraries, _, fits) in enumerate(KNOWN):
        if library in libraries and fits(*facts):
            return place
    return None


def report(cases, equal, known, unknown):
    for library in ("croniter", "cronsim"):
        print(f"{library}: {equal[library]} of {cases} cases are the same")
    for (library, place), count in sorted(known.items()):
        print(f"{library}: {count} differ, which is known: {KNOWN[place][1]}")
    if unknown:
        sys.exit(f"error: {unknown} differences are not known")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--millrace", required=True)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--cases", type=int, default=1000)
    options.add_argument("--count", type=int, default=4)
    options = options.parse_args()
    draw = random.Random(options.seed)
    names = sorted(
        name for name in zoneinfo.available_timezones()
        if "/" in name and not name.startswith(("posix/", "right/", "Etc/")))
    equal, known, unknown = collections.Counter(), collections.Counter(), 0
    for _ in range(options.cases):
        expression, name = made_expression(draw), draw.choice(names)
        zone = zoneinfo.ZoneInfo(name)
        start = made_start(draw, zone)
        ours = by_millrace(options.millrace, expression, name, start, options.count)
        for library, theirs in (
            ("croniter", by_croniter(expression, start, options.count)),
            ("cronsim", by_cronsim(expression, start, options.count)),
        ):
            if ours == theirs:
                equal[library] += 1
                continue
            place = known_difference(library, ours, theirs, expression, zone)
            if place is not None:
                known[library, place] += 1
                continue
            unknown += 1
            print(f"`{expression}` in {name} after {start.isoformat()}")
            for who, moments in (("millrace", ours), (library, theirs)):
                print(f"  {who}", *(moment.astimezone(zone).isoformat() for moment in moments))
    report(options.cases, equal, known, unknown)


if __name__ == "__main__":
    main()
