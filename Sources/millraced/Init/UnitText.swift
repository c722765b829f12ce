/// The units of systemd for the runner and for its jobs.
///
/// What root gets is what is in `etc/systemd`; a user's runner has no say over directories and ranks of the
/// system.
enum UnitText {
  static let runner = "millraced.service"
  static let jobs = "millrace-jobs.service"

  /// Returns the unit in whose group the jobs are.
  static func jobs(forRoot isRoot: Bool) -> String {
    """
    [Unit]
    Description=The control groups of Millrace's jobs
    Documentation=man:millraced(1)
    # Jobs outlive the runner: their groups are not in its unit. To stop this one is to end every job.

    [Service]
    # It is started when its process has moved out of the way.
    Type=forking
    # The runner makes the control groups below its own, and nobody else may touch them.
    Delegate=yes
    # Keeps the group, from one below: a group that passes controllers on can't have processes itself.
    ExecStart=/bin/sh -c 'g=/sys/fs/cgroup$$(sed -n "s/^0:://p" /proc/self/cgroup)/holder; \\
      mkdir -p "$$g" && echo $$$$ >"$$g/cgroup.procs" && { sleep infinity & }'

    # A job that its memory limit kills counts as a kill in this unit, for which systemd would stop all of it.
    OOMPolicy=continue
    # Jobs have their own `pids.max`.
    TasksMax=infinity

    [Install]
    WantedBy=\(isRoot ? "multi-user.target" : "default.target")

    """
  }

  /// Returns the unit of the runner whose `millraced` has this path.
  static func runner(_ program: String, forRoot isRoot: Bool) -> String {
    """
    [Unit]
    Description=Millrace, a job runner
    Documentation=man:millraced(1) man:millrace.yaml(5)
    After=\(isRoot ? "local-fs.target time-sync.target " : "")millrace-jobs.service
    # Where the jobs are: they go on while this unit restarts or is upgraded, and the runner finds them again.
    Requires=millrace-jobs.service

    [Service]
    Type=notify
    ExecStart=\(program)
    # A long record takes its time to be read.
    TimeoutStartSec=10min

    Restart=on-failure
    RestartSec=1

    # What is in its directory outlives the runner as the jobs do: a later one finds them by it.
    RuntimeDirectory=millrace
    RuntimeDirectoryPreserve=yes
    \(isRoot ? systemOnly : "UMask=0077\n")TasksMax=infinity

    [Install]
    WantedBy=\(isRoot ? "multi-user.target" : "default.target")

    """
  }

  private static let systemOnly = """
    StateDirectory=millrace
    # Jobs pass through it, but can't look around.
    StateDirectoryMode=0711
    UMask=0077

    # When the machine itself is short of memory, the runner should not be the kernel's first choice.
    OOMScoreAdjust=-500

    """
}
