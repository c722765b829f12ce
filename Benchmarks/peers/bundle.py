"""Prints an OCI bundle's configuration that runs a program on the machine's own root.

bundle.py limits|free PROGRAM [ARGUMENT…]: with limits, or free of them where there are no controllers.
"""

import json
import sys

given = {"memory": {"limit": 256 << 20}, "cpu": {"quota": 100000, "period": 100000}, "pids": {"limit": 64}}
limits = given if sys.argv[1] == "limits" else {}
print(
    json.dumps(
        {
            "ociVersion": "1.0.0",
            "process": {"args": sys.argv[2:], "cwd": "/", "env": ["PATH=/usr/bin:/bin"], "user": {"uid": 0, "gid": 0}},
            "root": {"path": "root", "readonly": False},
            # Without a /dev of its own, it would make devices in the machine's.
            "mounts": [
                {"destination": "/proc", "type": "proc", "source": "proc"},
                {"destination": "/dev", "type": "tmpfs", "source": "tmpfs"},
            ],
            "linux": {"resources": limits, "namespaces": [{"type": "pid"}, {"type": "mount"}]},
        }
    )
)
