"""Prints an OCI bundle's configuration that runs a program on the machine's own root, with limits."""

import json
import sys

limits = {"memory": {"limit": 256 << 20}, "cpu": {"quota": 100000, "period": 100000}, "pids": {"limit": 64}}
print(
    json.dumps(
        {
            "ociVersion": "1.0.0",
            "process": {"args": sys.argv[1:], "cwd": "/", "env": ["PATH=/usr/bin:/bin"], "user": {"uid": 0, "gid": 0}},
            "root": {"path": "root", "readonly": False},
            "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
            "linux": {"resources": limits, "namespaces": [{"type": "pid"}, {"type": "mount"}]},
        }
    )
)
