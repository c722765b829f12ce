import MillraceCore
import MillraceEngine
import Testing

@testable import MillraceSlurm

@Suite struct SlurmOptionsTests {
  @Test("the first rule that fits counts, and what it leaves open is filled from the defaults")
  func rules() {
    var settings = Made.settings()
    settings.defaults = SlurmOptions(partition: "all", account: "lab")
    settings.rules = [
      SlurmRule(
        pattern: JobPattern(handler: "gpu-*"), options: SlurmOptions(partition: "gpu", gres: "gpu:1")),
      SlurmRule(pattern: JobPattern(group: "nightly"), options: SlurmOptions(qos: "low")),
      SlurmRule(
        pattern: JobPattern(handler: "*", jobClass: "big"), options: SlurmOptions(memory: .limit)),
    ]
    #expect(
      settings.options(handler: "gpu-train", groups: ["nightly"], jobClass: nil)
        == SlurmOptions(partition: "gpu", account: "lab", gres: "gpu:1"))
    #expect(
      settings.options(handler: "train", groups: ["nightly"], jobClass: "big")
        == SlurmOptions(partition: "all", account: "lab", qos: "low"))
    #expect(
      settings.options(handler: "train", groups: [], jobClass: "big")
        == SlurmOptions(partition: "all", account: "lab", memory: .limit))
    #expect(settings.options(handler: "train", groups: [], jobClass: nil) == settings.defaults)
  }

  @Test(
    "a pattern stands for whole names",
    arguments: [
      ("sleep", "sleep", true), ("sleep", "slee", false), ("sleep", "*", true), ("", "*", true),
      ("sleep", "s*p", true), ("sleep", "s*e*p", true), ("sleep", "s*x*p", false), ("sp", "s*p", true),
      ("s", "s*s", false), ("sleep", "*eep", true), ("sleep", "sl*", true), ("sleep", "*l*e*", true),
      ("aab", "*ab", true), ("abab", "ab*ab", true), ("aba", "ab*ba", false),
    ])
  func patterns(name: String, pattern: String, fits: Bool) {
    #expect(JobPattern(handler: pattern).matches(handler: name, groups: [], jobClass: nil) == fits)
  }

  @Test("what is asked of sbatch follows from the attempts")
  func arguments() {
    var settings = Made.settings()
    settings.defaults = SlurmOptions(
      partition: "all", account: "lab", qos: "high", constraint: "avx512", gres: "gpu:1",
      extra: ["--exclusive"])
    var plan = Made.plan(1, memory: .mebibytes(100), cpuMillis: 1500, timeout: .seconds(90), priority: 7)
    plan.order?.excluded = ["n2", "bad name"]
    let manifest = BundleManifest(name: "millrace-x-1", plan: plan, settings: settings)
    let words = manifest.arguments(directory: "/a spool/bundles/it's", isRoot: true)
    #expect(
      words == [
        "--job-name=millrace-x-1", "--no-requeue", "--open-mode=append",
        "--output=/a spool/bundles/it's/host.log", "--chdir=/", "--nodes=1", "--ntasks=1", "--mem=116M",
        "--cpus-per-task=2", "--time=3", "--nice=-200", "--comment=millrace: h, 1 of them", "--uid=65534",
        "--gid=65534", "--exclude=n2", "--partition=all", "--account=lab", "--qos=high",
        "--constraint=avx512", "--gres=gpu:1", "--exclusive",
        "--wrap=mkdir '/a spool/bundles/it'\\''s/taken' 2>/dev/null || exit 0; "
          + "exec '/usr/bin/millrace-host' batch '/a spool/bundles/it'\\''s'",
      ])
    let others = manifest.arguments(directory: "/s", isRoot: false)
    #expect(others.contains("--nice=300"))
    #expect(!others.contains { $0.hasPrefix("--uid") })
  }

  @Test("memory is what was learned and a fifth, never over the limit, and the limit once it was too little")
  func memory() {
    let settings = Made.settings()
    func asked(_ plan: LaunchPlan, _ memory: SlurmOptions.MemoryRequest? = nil) -> Bytes {
      var settings = settings
      settings.defaults.memory = memory
      return BundleManifest(name: "b", plan: plan, settings: settings).memory
    }
    var plan = Made.plan(1, memory: .mebibytes(200))
    #expect(asked(plan) == .mebibytes(216))
    plan.order?.estimate = Resources(memory: .mebibytes(50))
    #expect(asked(plan) == .mebibytes(76))
    #expect(asked(plan, .limit) == .mebibytes(216))
    plan.order?.estimate = Resources(memory: .mebibytes(190))
    #expect(asked(plan) == .mebibytes(216))
    plan.order?.estimate = Resources(memory: .mebibytes(50))
    plan.attempt = AttemptID(job: JobID(1), number: 2)
    #expect(asked(plan) == .mebibytes(216))
  }

  @Test("only short attempts of a kind share a bundle, and it has bounds")
  func bundles() {
    var settings = Made.settings()
    settings.bundles.attempts = 3
    let short = Made.plan(1, expectedRun: .milliseconds(10))
    #expect(BundleManifest.rides(short, settings))
    #expect(!BundleManifest.rides(Made.plan(1), settings))
    #expect(!BundleManifest.rides(Made.plan(1, expectedRun: .seconds(10)), settings))
    var manifest = BundleManifest(name: "b", plan: short, settings: settings)
    #expect(manifest.takes(Made.plan(2, expectedRun: .milliseconds(20))))
    #expect(!manifest.takes(Made.plan(2, priority: 6)))
    #expect(!manifest.takes(Made.plan(2, memory: .mebibytes(65))))
    #expect(!manifest.takes(Made.plan(2, cpuMillis: 2000)))
    #expect(!manifest.takes(Made.plan(2, timeout: .seconds(24 * 3600))))
    var other = Made.plan(2)
    other.handler = "other"
    #expect(!manifest.takes(other))
    manifest.plans += [Made.plan(2), Made.plan(3)]
    #expect(!manifest.takes(Made.plan(4)))
    // Each may take its time limit and its grace; the host a minute.
    #expect(manifest.time == .seconds(60 + 3 * 65))
  }

  @Test("the manifest says what the host needs")
  func manifest() {
    let settings = Made.settings()
    var manifest = BundleManifest(name: "millrace-x-1", plan: Made.plan(1), settings: settings)
    manifest.plans.append(Made.plan(2))
    let sha = String(repeating: "ab", count: 32)
    #expect(
      manifest.text(logs: .mebibytes(1)) == """
        millrace-bundle 1
        bundle millrace-x-1
        beat 1
        fence 3
        caps trusted
        memory 83886080
        parallel 1
        log 1048320
        result 1048576
        files 1024
        attempt 1.1 \(sha) 60000 5000 67108864 32
        attempt 2.1 \(sha) 60000 5000 67108864 32

        """)
  }
}
