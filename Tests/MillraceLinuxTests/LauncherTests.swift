import Glibc
import MillraceCore
import MillraceEngine
import Testing
import TestSupport

@testable import MillraceLinux

/// Everything that moves this process between cgroups: one test at a time.
@Suite(.serialized, .timeLimit(.minutes(1)))
struct StageTests {}

extension StageTests {
  @Suite struct LauncherTests {
    @Test("a job runs to its end: its result, its log and its exit arrive", arguments: StartTier.allCases)
    func runs(tier: StartTier) async throws {
      try await Stage.launcher(tier: tier) { stage, actor in
        let report = try await actor.run(1, "echo", parameters: .object(["text": .string("hello")]))
        #expect(report.exit == .exited(code: 0))
        let result = JobResult(mediaType: "application/json", bytes: Array(#"{"text":"hello"}"#.utf8))
        #expect(report.word == .done(result))
        let id = AttemptID(job: JobID(1), number: 1)
        #expect(await actor.record.names(id) == ["started", "ended"])
        #expect(try stage.log(id).contains("echoing"))
        #expect(try stage.leaves() == [])
      }
    }

    @Test(
      "a shipped plugin runs a program; its output is the log, or the result", arguments: StartTier.allCases)
    func exec(tier: StartTier) async throws {
      try await Stage.launcher(tier: tier) { stage, actor in
        let command = JSONValue.array(["sh", "-c", "echo out; echo err >&2; sleep 0.05"].map { .string($0) })
        let logged = try await actor.run(
          1, "exec", parameters: .object(["command": command]), plugin: stage.shipped("exec"))
        #expect(logged.word == .done(nil))
        let log = try stage.log(AttemptID(job: JobID(1), number: 1))
        #expect(log.contains("out\n"))
        #expect(log.contains("err\n"))
        let cat = JSONValue.object(["command": .array([.string("cat")]), "capture": .bool(true)])
        let input = (0..<300_000).map { UInt8(truncatingIfNeeded: $0) }
        let captured = try await actor.run(
          2, "exec", parameters: cat, input: input, plugin: stage.shipped("exec"))
        guard case .done(let result?) = captured.word else { throw TestFailure("\(captured)") }
        #expect(result.bytes == input)
      }
    }

    @Test("a handler's failure arrives in its words", arguments: StartTier.allCases)
    func fails(tier: StartTier) async throws {
      try await Stage.launcher(tier: tier) { _, actor in
        let report = try await actor.run(1, "fails")
        #expect(report.exit == .exited(code: 1))
        #expect(
          report.word == .failed(Failure(code: "no_luck", message: "it did not work", isRetryable: true)))
      }
    }

    @Test("a crash is known by its signal", arguments: StartTier.allCases)
    func crashes(tier: StartTier) async throws {
      try await Stage.launcher(tier: tier) { _, actor in
        let report = try await actor.run(1, "crashes")
        #expect(report.exit == .signalled(signal: SIGABRT))
        #expect(report.word == nil)
      }
    }

    @Test("a job that is asked to end does", arguments: StartTier.allCases)
    func terminate(tier: StartTier) async throws {
      try await Stage.launcher(tier: tier) { _, actor in
        let id = actor.launch(1, "waits")
        #expect(try await actor.record.progress(id) == Progress(fraction: 0.5, message: "waiting"))
        actor.launcher.terminate(id)
        let report = try await actor.ended(id)
        #expect(report.exit == .exited(code: 1))
        #expect(
          report.word == .failed(Failure(code: "cancelled", message: "asked to stop", isRetryable: false)))
      }
    }

    @Test("a job that ignores the request goes on until it is killed", arguments: StartTier.allCases)
    func kill(tier: StartTier) async throws {
      try await Stage.launcher(tier: tier) { stage, actor in
        let id = actor.launch(1, "stubborn")
        try await actor.record.progress(id)
        actor.launcher.terminate(id)
        _ = await actor.launcher.sample()  // The command before this one has been obeyed.
        #expect(try stage.processes(id).count == 1)
        actor.launcher.kill(id)
        #expect(try await actor.ended(id).exit == .signalled(signal: SIGKILL))
      }
    }

    @Test(
      "a job that is stopped before its process exists is stopped all the same", arguments: [true, false])
    func earlyStop(isKilled: Bool) async throws {
      try await Stage.launcher { _, actor in
        _ = try await actor.run(1, "echo")  // The keeper is there.
        let id = actor.launch(2, isKilled ? "stubborn" : "waits")
        if isKilled { actor.launcher.kill(id) } else { actor.launcher.terminate(id) }
        let report = try await actor.ended(id)
        #expect(await actor.record.names(id).filter { $0 != "progress" } == ["started", "ended"])
        if isKilled { #expect(report.exit == .signalled(signal: SIGKILL)) }
      }
    }

    @Test("stopping what is not there is no error", arguments: StartTier.allCases)
    func stopNothing(tier: StartTier) async throws {
      try await Stage.launcher(tier: tier) { _, actor in
        let id = AttemptID(job: JobID(99), number: 1)
        actor.launcher.terminate(id)
        actor.launcher.kill(id)
        let report = try await actor.run(1, "echo")
        #expect(report.exit == .exited(code: 0))
      }
    }

    @Test("what a job leaves behind ends with it, in whatever session it is", arguments: StartTier.allCases)
    func grandchild(tier: StartTier) async throws {
      try await Stage.launcher(tier: tier) { stage, actor in
        let report = try await actor.run(1, "leaves_one")
        #expect(
          report.word
            == .done(JobResult(mediaType: "application/octet-stream", bytes: Array("left one".utf8))))
        #expect(try stage.leaves() == [])
      }
    }

    @Test("a job that closes all of its descriptors ends as usual", arguments: StartTier.allCases)
    func closesEverything(tier: StartTier) async throws {
      try await Stage.launcher(tier: tier) { _, actor in
        let report = try await actor.run(1, "closes_everything")
        #expect(report.exit == .exited(code: 0))
        #expect(report.word == .done(JobResult(mediaType: "text/plain", bytes: Array("still here".utf8))))
      }
    }

    @Test("a flood of progress is told ten times a second, the newest last", arguments: StartTier.allCases)
    func floodOfProgress(tier: StartTier) async throws {
      try await Stage.launcher(tier: tier) { _, actor in
        let id = actor.launch(1, "floods_progress")
        _ = try await actor.ended(id)
        let told = await actor.record.names(id).filter { $0 == "progress" }.count
        #expect((2...30).contains(told))
        let last = await actor.record.all.last {
          if case .progress = $0 { true } else { false }
        }
        guard case .progress(_, let progress)? = last else { throw TestFailure("no progress") }
        #expect(progress == Progress(fraction: 1, message: "done"))
      }
    }

    @Test("what is no progress is dropped", arguments: StartTier.allCases)
    func rubbish(tier: StartTier) async throws {
      try await Stage.launcher(tier: tier) { _, actor in
        let id = actor.launch(1, "sends_rubbish")
        let progress = try await actor.record.progress(id)
        #expect(progress == Progress(fraction: 0.25, message: "after all"))
        let report = try await actor.ended(id)
        #expect(report.exit == .exited(code: 0))
      }
    }

    @Test("of a flood of output the head and the end are kept", arguments: StartTier.allCases)
    func floodOfOutput(tier: StartTier) async throws {
      try await Stage.launcher(tier: tier) { stage, actor in
        _ = try await actor.run(1, "floods_log")
        let log = try stage.log(AttemptID(job: JobID(1), number: 1))
        #expect(log.hasPrefix("xxxx"))
        #expect(log.hasSuffix("xxxxthe end"))
        #expect(log.contains("\n… \((4 << 20) + 7 - (1 << 20)) bytes dropped …\n"))
      }
    }

    @Test("a plugin file that is missing is the outcome's reason", arguments: StartTier.allCases)
    func noPlugin(tier: StartTier) async throws {
      try await Stage.launcher(tier: tier) { stage, actor in
        var gone = stage.plugin
        gone.path = stage.directory.path + "/libgone.so"
        let report = try await actor.run(1, "echo", plugin: gone)
        #expect(report.exit == .exited(code: 125))
        guard case .failed(let failure) = report.word else { throw TestFailure("\(report)") }
        #expect(failure.code == "plugin_refused")
        #expect(failure.message.contains("libgone.so"))
      }
    }

    @Test("a handler that the plugin does not have is the outcome's reason", arguments: StartTier.allCases)
    func noHandler(tier: StartTier) async throws {
      try await Stage.launcher(tier: tier) { _, actor in
        let report = try await actor.run(1, "nobody")
        guard case .failed(let failure) = report.word else { throw TestFailure("\(report)") }
        #expect(failure.code == "handler_missing")
      }
    }

    @Test(
      "an attempt whose work directory can't be made is refused, and leaves nothing",
      arguments: StartTier.allCases)
    func noWorkDirectory(tier: StartTier) async throws {
      try await Stage.launcher(tier: tier) { stage, actor in
        rmdir(stage.settings.workDirectory)
        let reason = try await actor.record.refused(actor.launch(1, "echo"))
        #expect(reason.contains("make the work directory"))
        #expect(try stage.leaves() == [])
        mkdir(stage.settings.workDirectory, 0o711)
        #expect(try await actor.run(2, "echo").exit == .exited(code: 0))
      }
    }

    @Test(
      "an attempt whose plugin has too long a path is refused, and leaves nothing",
      arguments: StartTier.allCases)
    func longPath(tier: StartTier) async throws {
      try await Stage.launcher(tier: tier) { stage, actor in
        var plugin = stage.plugin
        plugin.path = "/" + String(repeating: "x", count: 600)
        let reason = try await actor.record.refused(actor.launch(1, "echo", plugin: plugin))
        #expect(reason.contains("over 511 bytes long"))
        #expect(try stage.leaves() == [])
        #expect(try stage.workDirectories() == [])
      }
    }

    @Test("an attempt is refused with the reason if there is no host")
    func noHost() async throws {
      try await Stage.use(host: "/nowhere/millrace-host") { stage in
        try await stage.launcher { actor in
          let reason = try await actor.record.refused(actor.launch(1, "echo"))
          #expect(reason.contains("/nowhere/millrace-host"))
          #expect(reason.contains("No such file or directory"))
          #expect(try stage.leaves() == [])
        }
      }
    }

    @Test("running attempts are sampled, others are not", arguments: StartTier.allCases)
    func sample(tier: StartTier) async throws {
      try await Stage.launcher(tier: tier) { _, actor in
        #expect(await actor.launcher.sample().attempts == [:])
        let id = actor.launch(1, "waits")
        try await actor.record.progress(id)
        try await actor.record.started(id)  // A warm host's job may speak before the keeper does.
        let samples = await actor.launcher.sample().attempts
        #expect(Array(samples.keys) == [id])
        #expect(samples[id]?.cpu != nil)
        #expect(samples[id]?.workingSet == nil, "without a controller the kernel does not tell")
        actor.launcher.kill(id)
        _ = try await actor.ended(id)
        #expect(await actor.launcher.sample().attempts == [:])
      }
    }

    @Test("six hundred attempts asked for at once all run", arguments: StartTier.allCases)
    func many(tier: StartTier) async throws {
      try await Stage.launcher(tier: tier) { stage, actor in
        let ids = (1...600).map { actor.launch($0, "echo") }
        for id in ids {
          let report = try await actor.ended(id)
          #expect(report.exit == .exited(code: 0))
        }
        #expect(try stage.leaves() == [])
      }
    }

    @Test("a stopped launcher answers everything", arguments: StartTier.allCases)
    func stopped(tier: StartTier) async throws {
      try await Stage.use(tier: tier) { stage in
        let actor = try Stage.Actor(stage)
        _ = try await actor.run(1, "echo")
        await actor.stop()
        #expect(await actor.launcher.sample().attempts == [:])
        _ = actor.launch(2, "echo")
        await #expect(throws: LinuxError.self) { try await actor.launcher.takeOver(open: []) }
        await #expect(throws: LinuxError.self) { try await actor.launcher.describe(stage.plugin.path) }
        await actor.stop()
        #expect(try stage.keepers() == [], "a keeper without attempts ends with its runner")
      }
    }
  }
}
