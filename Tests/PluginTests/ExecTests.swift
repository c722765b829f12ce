import FoundationEssentials
import Glibc
import PluginRecording
import Testing

@Suite("exec runs programs")
struct ExecTests {
  private func exec(
    _ command: [String], _ more: String = "", in surroundings: Surroundings = .init()
  ) throws -> PluginRun {
    let words = String(decoding: try JSONEncoder().encode(command), as: UTF8.self)
    return try run("exec", of: "exec", #"{"command":\#(words)\#(more)}"#, in: surroundings)
  }

  @Test("A program that ends well is a job that succeeds, its output in the log")
  func success() throws {
    let job = try exec(["echo", "a  b", "$HOME"])
    #expect(job.events == [.returned(0)])
    #expect(job.output == "a  b $HOME\n")
  }

  @Test("The exit code is in the failure's code", arguments: [1, 3, 77, 255])
  func exitCode(_ code: Int) throws {
    let job = try exec(["sh", "-c", "exit \(code)"])
    #expect(job.failureCode == "exit_\(code)")
    #expect(job.failure?.message == "`sh` exited with code \(code)")
    #expect(job.events.last == .returned(1))
  }

  @Test("Exit code 75 snoozes if the job says for how long, and is a failure if not")
  func snooze() throws {
    let command = ["sh", "-c", "echo not yet; exit 75"]
    let job = try exec(command, #","snooze_seconds":300"#)
    #expect(
      job.events == [.snooze(milliseconds: 300_000, reason: "`sh` exited with code 75"), .returned(2)])
    #expect(job.output == "not yet\n")
    #expect(try exec(command).failureCode == "exit_75")
    #expect(try exec(["sh", "-c", "exit 76"], #","snooze_seconds":300"#).failureCode == "exit_76")
    #expect(try exec(["true"], #","snooze_seconds":300"#).events == [.returned(0)])
  }

  @Test("The results of other jobs are files where MILLRACE_OUTPUTS says")
  func outputs() throws {
    let script = #"cd "$MILLRACE_OUTPUTS" && pwd | grep -c '/outputs$'; cat extract job-7; ls | wc -l"#
    let there = Surroundings(outputs: ["extract": "one\n", "job-7": "two\n", "empty": ""])
    let job = try exec(["env", "-C", "/", "sh", "-c", script], in: there)
    #expect(job.output == "1\none\ntwo\n3\n")
    #expect(try exec(["sh", "-c", "echo ${MILLRACE_OUTPUTS-none}"]).output == "none\n")
  }

  @Test("A name that leads out of the directory is refused", arguments: ["../escape", "..", "a/b", ""])
  func badOutput(_ name: String) throws {
    let job = try exec(["true"], in: Surroundings(outputs: [name: "x"]))
    #expect(job.failureCode == "no_outputs")
  }

  @Test(
    "The signal that killed the program is in the failure's code", arguments: [SIGSEGV, SIGKILL, SIGTERM])
  func deathBySignal(_ signal: Int32) throws {
    let job = try exec(["sh", "-c", "kill -\(signal) $$"])
    #expect(job.failureCode == "signal_\(signal)")
  }

  @Test("Other exit codes can count as success, and 0 as a failure")
  func okCodes() throws {
    #expect(try exec(["sh", "-c", "exit 3"], #","ok_codes":[0,3]"#).failure == nil)
    #expect(try exec(["true"], #","ok_codes":[3]"#).failureCode == "exit_0")
  }

  @Test(
    "A program that isn't there is `command_not_found`, for good",
    arguments: ["/nowhere/x", "no-such-program"])
  func notFound(_ program: String) throws {
    let job = try exec([program])
    #expect(job.failureCode == "command_not_found")
    #expect(job.failure?.isRetryable == false)
  }

  @Test("A file that can't be run is `command_not_executable`", arguments: ["/etc/passwd", "/etc"])
  func notExecutable(_ program: String) throws {
    #expect(try exec([program]).failureCode == "command_not_executable")
  }

  @Test("The input is the program's standard input")
  func input() throws {
    let input = Array(repeatElement(UInt8(ascii: "x"), count: 300_000))
    let job = try exec(["wc", "-c"], #","capture":true"#, in: Surroundings(input: input))
    #expect(job.text == "300000\n")
  }

  @Test("A program need not read its input")
  func unreadInput() throws {
    let input = Array(repeatElement(UInt8(ascii: "x"), count: 300_000))
    #expect(try exec(["true"], in: Surroundings(input: input)).events == [.returned(0)])
  }

  @Test(
    "Standard input is empty without an input, or if it is not wanted",
    arguments: [nil, [UInt8]("text".utf8)])
  func noInput(_ input: [UInt8]?) throws {
    let job = try exec(["wc", "-c"], #","capture":true,"stdin":"none""#, in: Surroundings(input: input))
    #expect(job.text == "0\n")
  }

  @Test("Captured output is the result, and standard error goes to the log")
  func capture() throws {
    let job = try exec(["sh", "-c", "echo out; echo err >&2"], #","capture":true"#)
    #expect(job.text == "out\n")
    #expect(job.mediaType == "text/plain; charset=utf-8")
    #expect(job.output == "err\n")
  }

  @Test("Bytes that are no text are told apart")
  func captureBytes() throws {
    let job = try exec(["printf", #"\377\001"#], #","capture":true"#)
    #expect(job.result == [255, 1])
    #expect(job.mediaType == "application/octet-stream")
  }

  @Test("A large input and a large output pass each other")
  func cat() throws {
    let input = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
    let job = try exec(["cat"], #","capture":true"#, in: Surroundings(input: input))
    #expect(job.result == input)
  }

  @Test("What a failed program wrote goes to the log though it was captured")
  func failedCapture() throws {
    let job = try exec(["sh", "-c", "echo why; exit 1"], #","capture":true"#)
    #expect(job.result == nil)
    #expect(job.output == "why\n")
    #expect(job.failureCode == "exit_1")
  }

  @Test("Captured output is bounded")
  func endlessOutput() throws {
    let job = try exec(["yes"], #","capture":true"#)
    #expect(job.failureCode == "output_too_large")
  }

  @Test("A result that the runner does not take fails the job for good")
  func refusedResult() throws {
    let job = try exec(["echo"], #","capture":true"#, in: Surroundings(refusesResults: true))
    #expect(job.failureCode == "result_refused")
    #expect(job.failure?.isRetryable == false)
  }

  @Test("A result does not wait for what the program left running")
  func daemon() throws {
    let job = try exec(["sh", "-c", "sleep 1000 & echo $!"], #","capture":true"#)
    let pid = try #require(job.text.flatMap { pid_t($0.dropLast()) })
    #expect(kill(pid, SIGKILL) == 0)
  }

  @Test("Variables are added, PATH counts for finding the program, and the job is named")
  func environment() throws {
    let directory = try TemporaryDirectory()
    let tool = try directory.write(
      "tool", Array("#!/bin/sh\necho $A $MILLRACE_JOB.$MILLRACE_ATTEMPT $TRACEPARENT".utf8))
    #expect(chmod(tool, 0o755) == 0)
    let job = try exec(
      ["tool"], #","capture":true,"environment":{"A":"1 2","PATH":"\#(directory.path):/bin"}"#,
      in: Surroundings(traceParent: "00-12"))
    #expect(job.text == "1 2 42.1 00-12\n")
  }

  @Test("It runs in the directory that was asked for")
  func directory() throws {
    #expect(try exec(["pwd"], #","capture":true,"directory":"/usr""#).text == "/usr\n")
    #expect(try exec(["pwd"], #","directory":"/nowhere""#).failureCode == "no_directory")
  }

  @Test("The program has no descriptor of Millrace's")
  func descriptors() throws {
    let job = try exec(["sh", "-c", "echo /proc/self/fd/*"], #","capture":true"#)
    // The shell itself holds the directory open while it lists it.
    #expect(job.text?.hasPrefix("/proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 /proc/self/fd/3\n") == true)
  }

  @Test("SIGTERM reaches the program, which says how it ends")
  func stop() throws {
    // The program itself plays the runner, which signals every process of the attempt.
    let job = try exec(["sh", "-c", "trap 'exit 9' TERM; kill -TERM 0; sleep 1000 & wait"])
    #expect(job.failureCode == "exit_9")
  }

  @Test(
    "Parameters that don't fit are refused",
    arguments: [
      "{}", #"{"command":[]}"#, #"{"command":[""]}"#, #"{"command":"ls"}"#, #"{"command":[1]}"#, "[]", "{",
      #"{"command":["ls"],"environment":{"A":1}}"#, #"{"command":["ls"],"environment":{"A=B":"1"}}"#,
      #"{"command":["ls"],"stdin":"tty"}"#, #"{"command":["ls"],"capture":1}"#,
    ])
  func wrongParameters(_ parameters: String) throws {
    let job = try run("exec", of: "exec", parameters)
    #expect(job.failureCode == "invalid_parameters")
    #expect(job.failure?.isRetryable == false)
  }
}
