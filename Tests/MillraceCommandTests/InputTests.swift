import ArgumentParser
import FoundationEssentials
import Glibc
import MillraceCore
import MillraceWire
import TestSupport
import Testing

@testable import millrace

@Suite("Arguments")
struct InputTests {
  @Test("sizes, shares, spans and numbers are read as people write them")
  func quantities() throws {
    #expect(try Quantities.bytes("256M") == .mebibytes(256))
    #expect(try ["0.5", "2", "20%", "250m", "0.001"].map(Quantities.cpuMillis) == [500, 2000, 200, 250, 1])
    #expect(try Quantities.span("1h30m") == .seconds(5400))
    #expect(try Quantities.spanOrZero("0") == .zero)
    #expect(try Quantities.count("3") == 3)
    #expect(try Quantities.priority("10") == 10)
    let io = try Quantities.io("8:0 rbps=1M wbps=2K")
    #expect(io == IOLimit(device: "8:0", readBytesPerSecond: 1 << 20, writeBytesPerSecond: 2 << 10))
    #expect(try Quantities.pair("a=b=c") == ("a", "b=c"))
    #expect(try JobReference(text: "42.3") == JobReference(text: "42.3"))
    #expect(try JobReference(text: "42").attempt == nil)
  }

  @Test("what can't be is refused")
  func badQuantities() {
    for text in ["", "0", "-1", "1X", "M", "1e9", "NaN", "inf", "99999999999999999999", "9999999T", "-1.5G"] {
      #expect(throws: ArgumentProblem.self) { try Quantities.bytes(text) }
    }
    for text in ["", "0", "-1", "0.0001", "1e3", "x", "%", "inf", "nan", "nan%", "9999999999"] {
      #expect(throws: ArgumentProblem.self) { try Quantities.cpuMillis(text) }
    }
    for text in ["", "0", "0s", "30", "-3s", "3 parsecs", "nans", "infs", "9999999999999d"] {
      #expect(throws: ArgumentProblem.self) { try Quantities.span(text) }
    }
    for text in ["0", "11", "-1", "x"] {
      #expect(throws: ArgumentProblem.self) { try Quantities.priority(text) }
    }
    for text in [
      "", "8:0", "sda rbps=1M", "8:0 iops=3", "8:0 rbps=0", "8 rbps=1", "8:0 rbps=NaN", "8:0 rbps=-1",
      "8:0 wbps=99999999999999999999",
    ] {
      #expect(throws: ArgumentProblem.self) { try Quantities.io(text) }
    }
    for text in ["", "0", "-1", "4.", "4.0", "4.1.1", "x"] {
      #expect(throws: ArgumentProblem.self) { try JobReference(text: text) }
    }
  }

  @Test("times are spans, days, local times and RFC 3339")
  func times() throws {
    let hour = Moment.now - (try Moment.past("1h"))
    #expect(abs(hour.seconds - 3600) < 60)
    #expect(abs((try Moment.future("+10m") - Moment.now).seconds - 600) < 60)
    #expect(try Moment.past("2026-08-01T14:30:00Z") == Wire.time(from: "2026-08-01T14:30:00Z"))
    #expect(try Moment.past("2026-08-01 14:30") == Moment.past("2026-08-01T14:30:00"))
    #expect(try Moment.past("2026-08-01 14:30") - Moment.past("2026-08-01") == .seconds(52_200))
    let day = Wire.text(of: try Moment.past("2026-08-01 14:30:15"))
    #expect(Moment.local(day) == "2026-08-01 14:30:15")
    for text in [
      "", "x", "2026-02-30", "2026-13-01", "2026-08-01 25:00", "2026-8-1", "+10m", "2026-08-01 14",
    ] {
      #expect(throws: ArgumentProblem.self) { try Moment.past(text) }
    }
    #expect(throws: ArgumentProblem.self) { try Moment.future("10m") }
  }

  private func request(_ words: String...) throws -> SubmitRequest {
    try RequestWords.parse(RequestWords.expand(words)).request()
  }

  @Test("key=value is text, key:=JSON is typed, words after -- are the command")
  func words() throws {
    let request = try request("exec", "a=1", "b:={\"x_y\":[1,2.5,null]}", "a=:=", "--", "ls", "-l", "--", "")
    #expect(request.handler == "exec")
    #expect(request.parameters == ["b": .object(["x_y": .array([.integer(1), .number(2.5), .null])])])
    #expect(
      request.arguments?.map { "\($0.name)=\($0.value)" } == [
        "a=1", "a=:=", "command=ls", "command=-l", "command=--", "command=",
      ])
    #expect(try self.request("noop") == SubmitRequest(handler: "noop"))
  }

  @Test(
    "words that are no parameters are usage errors",
    arguments: [
      ["exec", "ls"], ["exec", "=x"], ["exec", ":=1"], ["exec", "a:=x"], ["exec", "a:=1", "a:=2"], [],
    ])
  func badWords(words: [String]) throws {
    let error = #expect(throws: CommandError.self) { try RequestWords.parse(words).request() }
    #expect(error?.code == .usage)
  }

  @Test("options fill what a request does not say")
  func fill() throws {
    let words = [
      "--memory", "64M", "--cpu", "50%", "--pids", "8", "--io", "8:0 rbps=1M", "--timeout", "30s", "--grace",
      "2s", "--attempts", "3", "--retry-delay", "10s", "--priority", "7", "--class", "big", "--label", "a=1",
      "--label", "b=2", "--not-before", "2026-08-01T00:00:00Z",
    ]
    var given = SubmitRequest(handler: "exec")
    given.priority = 1
    given.labels = ["a": "mine"]
    let request = try RequestOptions.parse(words).fill(given)
    var expected = SubmitRequest(handler: "exec")
    expected.memoryBytes = 64 << 20
    expected.cpuMillis = 500
    expected.pids = 8
    expected.io = [IOLimit(device: "8:0", readBytesPerSecond: 1 << 20)]
    expected.timeoutSeconds = 30
    expected.graceSeconds = 2
    expected.maxAttempts = 3
    expected.retryDelaySeconds = 10
    expected.priority = 1
    expected.jobClass = "big"
    expected.labels = ["a": "mine", "b": "2"]
    expected.notBefore = "2026-08-01T00:00:00.000Z"
    #expect(request == expected)
    #expect(try RequestOptions.parse([]).fill(given) == given)
  }

  @Test("a batch has requests in JSON and in words")
  func batch() throws {
    let text = """
      # nightly
      {"handler":"checksum","arguments":[{"name":"path","value":"/etc"}],"class":"n","max_attempts":2}

        checksum 'path=/my files' --memory 64M --label "a=b c"\r
      exec --timeout 3s -- sh -c "echo \\"hi\\""
      """
    let file = try BatchFile(text: text, name: "b")
    #expect(file.lines == [2, 4, 5])
    #expect(file.requests.map(\.handler) == ["checksum", "checksum", "exec"])
    #expect(file.requests[0].maxAttempts == 2)
    #expect(file.requests[1].arguments?.first?.value == "/my files")
    #expect(file.requests[1].labels == ["a": "b c"])
    #expect(file.requests[2].arguments?.map(\.value) == ["sh", "-c", "echo \"hi\""])
  }

  @Test(
    "a batch's mistake is told with its line",
    arguments: [
      ("{\"handler\":1}", "`handler`"), ("{}", "`handler`"), ("{\"handler\":\"x\"", "JSON"),
      ("{\"handler\":\"x\",\"memroy_bytes\":1}", "`memroy_bytes`, did you mean `memory_bytes`?"),
      ("exec 'a=", "quote"),
      ("exec --memroy 1", "memroy"),
      ("exec a=1 --memory 0", "above 0"), ("exec ls", "`ls`"), ("exec --input -", "standard input"),
      ("exec \\", "follows"),
    ])
  func badBatch(line: String, word: String) {
    let error = #expect(throws: CommandError.self) { try BatchFile(text: "noop\n\(line)\n", name: "b") }
    #expect(error?.code == .usage)
    #expect(error?.message.hasPrefix("`b`, line 2: ") == true)
    #expect(error?.message.contains(word) == true, "\(error?.message ?? "")")
  }

  @Test("a batch of nothing is an error")
  func emptyBatch() {
    #expect(throws: CommandError.self) { try BatchFile(text: "\n# nothing\n", name: "b") }
  }

  @Test("root has the machine's places, others their own")
  func places() {
    let root = Places(uid: 0) { _ in "/x" }
    #expect(root.socket == "/run/millrace/millrace.sock")
    #expect(root.state == "/var/lib/millrace")
    let plain = Places(uid: 7) { $0 == "HOME" ? "/home/u" : "" }
    #expect(plain.socket == "/run/user/7/millrace/millrace.sock")
    #expect(plain.state == "/home/u/.local/state/millrace")
    let set = Places(uid: 7) { "/\($0)" }
    #expect(set.socket == "/XDG_RUNTIME_DIR/millrace/millrace.sock")
    #expect(set.state == "/XDG_STATE_HOME/millrace")
  }

  @Test("files are read to their end; what can't be read is a usage error")
  func files() throws {
    let directory = try TemporaryDirectory()
    let bytes = [UInt8]((0..<200_000).map { UInt8(truncatingIfNeeded: $0) })
    try Data(bytes).write(to: URL(filePath: directory.path + "/f"))
    #expect(try InputFile.bytes(directory.path + "/f") == bytes)
    #expect(throws: CommandError.self) { try InputFile.text(directory.path + "/f") }
    #expect(throws: CommandError.self) { try InputFile.bytes(directory.path + "/none") }
    #expect(throws: CommandError.self) { try InputFile.bytes(directory.path) }
  }
}
