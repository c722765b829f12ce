"""nameless: greets somebody. Put what your jobs do into `greet`."""

from millrace import handler


@handler(name="nameless", summary="Greets somebody", memory="64M", timeout="1m")
def greet(who: str = "world", times: int = 1, *, context=None) -> str:
    lines = []
    for index in range(times):
        lines.append(f"Hello, {who}!\n")
        context.progress((index + 1) / times, "greeting")
    context.log("greeted", who=who)
    return "".join(lines)
