import MillraceCore
import Testing

@testable import MillraceSlurm

/// What Slurm's commands print: of 22.05 as they printed it, of later versions in their form.
@Suite struct SlurmOutputTests {
  private static let now = Timestamp(microseconds: 1_000_000)

  @Test("a job's state is told by Slurm's word, whatever is added to it")
  func states() {
    let waiting = ["PENDING", "REQUEUED", "REQUEUE_HOLD", "SPECIAL_EXIT"]
    let running = ["RUNNING", "CONFIGURING", "SUSPENDED", "STAGE_OUT"]
    for word in waiting { #expect(SlurmJob.State(word: word) == .waiting, "\(word)") }
    for word in running { #expect(SlurmJob.State(word: word) == .running, "\(word)") }
    for ending in SlurmJob.Ending.allCases {
      #expect(SlurmJob.State(word: ending.rawValue) == .over(ending))
    }
    #expect(SlurmJob.State(word: "COMPLETING") == .ending)
    #expect(SlurmJob.State(word: "CANCELLED by 1000") == .over(.cancelled))
    #expect(SlurmJob.State(word: "COMPLETED+") == .over(.completed))
    #expect(SlurmJob.State(word: "NODE_FAIL") == .over(.nodeFail))
    #expect(SlurmJob.State(word: "HIBERNATING") == .unknown("HIBERNATING"))
    #expect(SlurmJob.State(word: "") == .unknown(""))
  }

  @Test("each ending of Slurm is the interruption that it should be")
  func interruptions() {
    let expected: [SlurmJob.Ending: Interruption?] = [
      .completed: nil, .failed: nil, .cancelled: .cancelled, .timeout: .timeLimit,
      .outOfMemory: .outOfMemory, .nodeFail: .nodeLost, .preempted: .preempted, .deadline: .deadline,
      .revoked: .preempted,
    ]
    for (ending, interruption) in expected { #expect(ending.interruption == interruption, "\(ending)") }
    for ending in [SlurmJob.Ending.bootFail, .launchFailed, .reconfigurationFailed] {
      guard case .nodeFault = ending.interruption else {
        Issue.record("\(ending) is no fault of the node")
        continue
      }
    }
  }

  @Test("jobs are read from squeue, and what is none is passed over")
  func jobs() {
    let text = """
      1|CANCELLED|n1|None|wrap
      7|FAILED||BadConstraints|wrap
      14|PENDING||Resources|big
      15|FAILED|n1|NonZeroExitCode|a|b
      2_[1-9]|PENDING||None|array
      slurm_load_jobs: something else
      18|RUNNING|n1|None|millrace-abc-1

      """
    #expect(
      SlurmJob.list(text) == [
        SlurmJob(id: "1", name: "wrap", state: .over(.cancelled), node: "n1"),
        SlurmJob(id: "7", name: "wrap", state: .over(.failed), reason: "BadConstraints"),
        SlurmJob(id: "14", name: "big", state: .waiting, reason: "Resources"),
        SlurmJob(id: "15", name: "a|b", state: .over(.failed), node: "n1", reason: "NonZeroExitCode"),
        SlurmJob(id: "18", name: "millrace-abc-1", state: .running, node: "n1"),
      ])
  }

  @Test(
    "the number of a submitted job is read",
    arguments: [
      ("12\n", "12"), ("12;trial\n", "12"), ("a site's greeting\n77\n", "77"), ("", nil), ("x12\n", nil),
      ("-1\n", nil), ("123456789012345678901\n", nil),
    ])
  func submitted(text: String, job: String?) { #expect(SlurmJob.submitted(text) == job) }

  @Test("the exit code of a job is read; a signal is none")
  func exitCodes() {
    let job = "JobId=1 JobName=cc UserId=root(0) JobState=FAILED Reason=NonZeroExitCode Restarts=0 "
    #expect(SlurmJob.exitCode(job + "ExitCode=125:0 RunTime=00:00:29 Command=(null)") == 125)
    #expect(SlurmJob.exitCode(job + "ExitCode=0:9 RunTime=00:00:29") == nil)
    #expect(SlurmJob.exitCode(job) == nil)
  }

  // 22.05.8, as it printed it.
  private static let idle = """
    NodeName=n1 Arch=x86_64 CoresPerSocket=1  CPUAlloc=2 CPUEfctv=4 CPUTot=4 CPULoad=10.10 \
    AvailableFeatures=(null) ActiveFeatures=(null) Gres=(null) NodeAddr=127.0.0.1 NodeHostName=vm Port=19827 \
    Version=22.05.8 OS=Linux 6.18.44 #1 SMP PREEMPT_DYNAMIC @0  RealMemory=4000 AllocMem=3010 FreeMem=11999 \
    Sockets=4 Boards=1 State=MIXED ThreadsPerCore=1 TmpDisk=0 Weight=1 Owner=N/A MCS_label=N/A \
    Partitions=all  \
    BootTime=2026-11-30T04:07:22 SlurmdStartTime=2026-11-30T11:57:15 LastBusyTime=2026-11-30T11:57:15 \
    CfgTRES=cpu=4,mem=4000M,billing=4 AllocTRES=cpu=2,mem=3010M CapWatts=n/a CurrentWatts=0 AveWatts=0 \
    ExtSensorsJoules=n/s ExtSensorsWatts=0 ExtSensorsTemp=n/s
    """
  private static let drained = """
    NodeName=n2 Arch=x86_64 CoresPerSocket=1  CPUAlloc=0 CPUEfctv=4 CPUTot=4 CPULoad=8.57 Port=19087 \
    RealMemory=4000 AllocMem=0 FreeMem=12756 State=IDLE+COMPLETING+DRAIN ThreadsPerCore=1 Partitions=all  \
    ExtSensorsTemp=n/s Reason=disk is=bad CPUTot=99 State=IDLE [root@2026-11-30T12:02:57]
    """
  private static let down = """
    NodeName=n3 Arch=x86_64 CPUAlloc=0 CPUEfctv=4 CPUTot=4 CPULoad=8.57 RealMemory=4000 AllocMem=0 \
    FreeMem=12757 \
    State=DOWN+NOT_RESPONDING ThreadsPerCore=1 BootTime=None Reason=Not responding [root@2026-11-30T12:03:21]
    """
  // The form of 24.05 and later.
  private static let later = """
    NodeName=gpu-16.cluster Arch=x86_64 CoresPerSocket=20  CPUAlloc=26 CPUEfctv=38 CPUTot=40 CPULoad=6.80 \
    AvailableFeatures=intel,avx512 ActiveFeatures=intel,avx512 Gres=gpu:V100:4 NodeAddr=gpu-16 \
    NodeHostName=gpu-16 Version=24.05.3 OS=Linux 4.18.0-477.15.1.el8_8.x86_64 #1 SMP Wed Jun 28 15:04 \
    RealMemory=192000 AllocMem=150720 FreeMem=N/A Sockets=2 Boards=1 State=ALLOCATED+DYNAMIC_NORM+PLANNED \
    ThreadsPerCore=1 TmpDisk=228000 Weight=3 Owner=N/A MCS_label=N/A Partitions=free-gpu,gpu \
    BootTime=2024-09-17T15:48:44 SlurmdStartTime=2024-10-22T16:04:19 LastBusyTime=2024-10-21T16:19:36 \
    ResumeAfterTime=None CfgTRES=cpu=40,mem=187.50G,billing=168,gres/gpu=4 \
    AllocTRES=cpu=26,mem=150720M,gres/gpu=4 \
    CurrentWatts=0 AveWatts=0 Extra=a b InstanceId=i-1
    """

  @Test("nodes are read from scontrol, of 22.05 and of later versions")
  func nodes() {
    let text = [Self.idle, Self.drained, Self.down, Self.later, "No nodes in the system", "NodeName=../etc"]
    let nodes = ClusterNode.list(text.joined(separator: "\n"), at: Self.now)
    #expect(
      nodes == [
        ClusterNode(
          name: "n1", state: .busy, word: "mixed", processors: 4, processorsReserved: 2, load: 10.1,
          memory: .mebibytes(4000), memoryReserved: .mebibytes(3010), memoryFree: .mebibytes(11999),
          lastSeen: Self.now),
        ClusterNode(
          name: "n2", state: .drained, word: "idle+completing+drain", processors: 4, load: 8.57,
          memory: .mebibytes(4000), memoryFree: .mebibytes(12756),
          reason: "disk is=bad CPUTot=99 State=IDLE [root@2026-11-30T12:02:57]", lastSeen: Self.now),
        ClusterNode(
          name: "n3", state: .offline, word: "down+not_responding", processors: 4, load: 8.57,
          memory: .mebibytes(4000), memoryFree: .mebibytes(12757),
          reason: "Not responding [root@2026-11-30T12:03:21]"),
        ClusterNode(
          name: "gpu-16.cluster", state: .busy, word: "allocated+dynamic_norm+planned", processors: 38,
          processorsReserved: 26, load: 6.8, memory: .mebibytes(192_000), memoryReserved: .mebibytes(150_720),
          lastSeen: Self.now),
      ])
  }

  @Test(
    "a node's state is told by Slurm's words",
    arguments: [
      ("IDLE", .idle), ("MIXED", .busy), ("ALLOCATED", .busy), ("COMPLETING", .busy), ("IDLE+PLANNED", .idle),
      ("IDLE*", .offline), ("DOWN*", .offline), ("DOWN+NOT_RESPONDING", .offline), ("DOWN", .unhealthy),
      ("DOWN+DRAIN", .drained), ("MIXED+DRAIN", .drained), ("DRAINED", .drained),
      ("IDLE+MAINTENANCE", .unhealthy),
      ("IDLE+CLOUD+POWERED_DOWN", .idle), ("DOWN+CLOUD+POWERED_DOWN", .offline), ("IDLE~", .idle),
      ("IDLE+INVALID_REG", .unhealthy), ("UNKNOWN", .offline), ("FUTURE", .offline), ("SLEEPY", .unhealthy),
      ("", .unhealthy), ("MIXED+SOMETHING_NEW", .busy), ("ERROR", .unhealthy),
      ("IDLE+REBOOT_ISSUED", .unhealthy),
    ] as [(String, ClusterNode.State)])
  func nodeStates(word: String, state: ClusterNode.State) { #expect(ClusterNode.State(slurm: word) == state) }

  @Test("silence, a refusal and an unknown job are told apart")
  func errors() {
    func isSilence(_ text: String) -> Bool {
      if case .noAnswer = SlurmError(errors: text) { true } else { false }
    }
    #expect(isSilence("slurm_load_jobs error: Socket timed out on send/recv operation"))
    #expect(isSilence("slurm_load_node error: Unable to contact slurm controller (connect failure)"))
    #expect(
      isSilence(
        """
        sbatch: error: If munged is up, restart with --num-threads=10
        sbatch: error: Munge encode failed: Failed to access "/run/munge.socket": No such file or directory
        sbatch: error: Batch job submission failed: Protocol authentication error
        """))
    #expect(isSilence("sbatch: error: s_p_parse_file: cannot stat file /nonexistent: No such file, retrying"))
    #expect(
      SlurmError(errors: "slurm_load_jobs error: Invalid job id specified\n")
        == .unknownJob("slurm_load_jobs error: Invalid job id specified"))
    #expect(
      SlurmError(
        errors: """
          sbatch: error: invalid partition specified: nope
          sbatch: error: Batch job submission failed: Invalid partition name specified
          """)
        == .refused(
          "invalid partition specified: nope; Batch job submission failed: Invalid partition name specified"))
    #expect(SlurmError(errors: "") == .refused("it gives no reason"))
    #expect(SlurmError(errors: "a\u{1B}[31mred") == .refused("a [31mred"))
  }
}
