"""Jobs for huey: `jobs.py work DATABASE WORKERS` and `jobs.py each|all DATABASE SECONDS COUNT`."""

import subprocess
import sys

from huey import SqliteHuey

verb, database = sys.argv[1:3]
# As durable as Millrace's record: huey's own default does not wait for the disk.
queue = SqliteHuey(filename=database, fsync=True)


@queue.task()
def run(seconds):
    subprocess.run(["true"] if seconds == 0 else ["sleep", str(seconds)], check=True)
    return True


if verb == "work":
    queue.create_consumer(workers=int(sys.argv[3]), worker_type="thread", initial_delay=0.01, max_delay=0.05).run()
else:
    seconds, count = float(sys.argv[3]), int(sys.argv[4])
    if verb == "each":
        for _ in range(count):
            run(seconds).get(blocking=True, backoff=1, max_delay=0.01)
    else:
        for result in [run(seconds) for _ in range(count)]:
            result.get(blocking=True, backoff=1, max_delay=0.01)
