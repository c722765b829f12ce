import MillraceCore
import TestSupport
import Testing

@Suite("Reception")
struct ReceptionTests {
  private var reception = Reception(
    defaults: Terms(
      limits: Limits(memory: .mebibytes(256), cpuMillis: 1000, pids: 64), timeout: .seconds(3600),
      grace: .seconds(10), maxAttempts: 3, retryDelay: .seconds(5)),
    machine: Limits(memory: .gibibytes(2), cpuMillis: 4000, pids: 1000), maxInput: .kibibytes(1))
  private let handler = Handler(name: "work", summary: "works")

  private func refusal(_ wishes: Wishes) -> Refusal? {
    #expect(throws: Refusal.self) {
      try reception.submission(of: JobRequest(handler: "work", wishes: wishes), for: handler)
    }
  }

  private func terms(_ wishes: Wishes) throws -> Terms {
    try reception.submission(of: JobRequest(handler: "work", wishes: wishes), for: handler).terms
  }

  @Test("without any wishes the defaults hold")
  func defaults() throws {
    let submission = try reception.submission(of: JobRequest(handler: "work"), for: handler)
    #expect(submission == Submission(handler: "work", terms: reception.defaults))
  }

  @Test("retries that can't be are refused: factors, parts and spans that make no sense")
  func retries() throws {
    func wishes(_ change: (inout RetryWishes) -> Void) -> Wishes {
      var retry = RetryWishes()
      change(&retry)
      return Wishes(retry: retry)
    }
    let wrong = [
      wishes { $0.factor = 0.5 }, wishes { $0.factor = .nan }, wishes { $0.factor = .infinity },
      wishes { $0.jitter = -0.1 }, wishes { $0.jitter = 1.1 }, wishes { $0.jitter = .nan },
      wishes { $0.timeoutFactor = 0 }, wishes { $0.timeoutFactor = .nan },
      wishes { $0.maxDelay = .seconds(-1) },
      wishes { $0.memoryMax = Bytes(1) }, Wishes(startWithin: .zero), Wishes(finishWithin: .seconds(-1)),
      Wishes(startWithin: .seconds(1 << 40)),
    ]
    for wishes in wrong { #expect(refusal(wishes)?.kind == .invalid, "\(wishes)") }
    let right = try terms(
      wishes {
        ($0.factor, $0.jitter, $0.causes, $0.timeoutFactor) = (1, 1, [], 1000)
        ($0.maxDelay, $0.memoryMax) = (.zero, .gibibytes(900))
      })
    #expect(right.retry.causes == [] && right.retry.factor == 1)
    let two = try RetryCauses(words: ["error", "timedOut"])
    let none = try RetryCauses(words: ["none"])
    #expect(two == [.error, .timedOut] && none.isEmpty)
    #expect(throws: Refusal.self) { try RetryCauses(words: ["sometimes"]) }
  }

  @Test("where nobody says anything of memory, the limit is at least what was learned, within the machine")
  func learned() throws {
    func memory(_ learned: Bytes?, _ wishes: Wishes = Wishes()) throws -> Bytes {
      let request = JobRequest(handler: "work", wishes: wishes)
      return try reception.submission(of: request, for: handler, learned: learned).terms.limits.memory
    }
    #expect(try memory(nil) == .mebibytes(256))
    #expect(try memory(.mebibytes(16)) == .mebibytes(256))
    #expect(try memory(.mebibytes(300)) == .mebibytes(300))
    #expect(try memory(.gibibytes(9)) == .gibibytes(2))
    #expect(try memory(.mebibytes(300), Wishes(memory: .mebibytes(20))) == .mebibytes(20))
  }

  @Test("the job comes before the operator's override, that before the handler, that before the defaults")
  mutating func precedence() throws {
    reception.overrides = [
      "work": Wishes(memory: .mebibytes(2), cpuMillis: 20, pids: 2), "other": Wishes(pids: 9),
    ]
    var handler = handler
    handler.wishes = Wishes(memory: .mebibytes(3), cpuMillis: 30, pids: 3, timeout: .seconds(3))
    let request = JobRequest(handler: "work", wishes: Wishes(memory: .mebibytes(1)))
    let submission = try reception.submission(of: request, for: handler)
    #expect(submission.terms.limits == Limits(memory: .mebibytes(1), cpuMillis: 20, pids: 2))
    #expect(submission.terms.timeout == .seconds(3))
    #expect(submission.terms.grace == .seconds(10))
    #expect(submission.wishes == request.wishes)
  }

  @Test(
    "what can't be is refused",
    arguments: [
      (Wishes(memory: .zero), "a memory limit of 0 B is too small, the least is 1 MiB"),
      (Wishes(memory: Bytes(1_048_575)), "is too small"), (Wishes(cpuMillis: 0), "a CPU limit of 0 m"),
      (Wishes(cpuMillis: 9), "a CPU limit of 9 m"), (Wishes(cpuMillis: -1), "a CPU limit of -1 m"),
      (Wishes(pids: 0), "a job has at least 1 process, not 0"), (Wishes(pids: -3), "not -3"),
      (Wishes(timeout: .zero), "a timeout"), (Wishes(timeout: .seconds(-1)), "a timeout"),
      (Wishes(timeout: .seconds(Int64.max)), "a timeout"), (Wishes(grace: .seconds(-1)), "a grace"),
      (Wishes(grace: .seconds(Int64.max)), "a grace"), (Wishes(retryDelay: .seconds(-1)), "a retry delay"),
      (Wishes(retryDelay: .seconds(Int64.max)), "a retry delay"),
      (Wishes(maxAttempts: 0), "a job has 1 to 1000"),
      (Wishes(maxAttempts: -1), "a job has 1 to 1000"), (Wishes(maxAttempts: 1001), "a job has 1 to 1000"),
      (Wishes(io: [IOLimit(device: "sda", readBytesPerSecond: 1)]), "`sda` is no block device"),
      (Wishes(io: [IOLimit(device: "8:", readBytesPerSecond: 1)]), "`8:` is no block device"),
      (Wishes(io: [IOLimit(device: "8:0:1", readBytesPerSecond: 1)]), "`8:0:1` is no block device"),
      (Wishes(io: [IOLimit(device: "8:+1", readBytesPerSecond: 1)]), "`8:+1` is no block device"),
      (Wishes(io: [IOLimit(device: "8:0", readBytesPerSecond: 0)]), "an I/O rate must be above 0, not 0"),
      (Wishes(io: [IOLimit(device: "8:0", writeBytesPerSecond: -5)]), "an I/O rate must be above 0, not -5"),
    ])
  func invalid(wishes: Wishes, message: String) {
    let refusal = refusal(wishes)
    #expect(refusal?.kind == .invalid)
    #expect(refusal?.message.contains(message) == true, "\(refusal?.message ?? "-")")
  }

  @Test("what is just possible is taken")
  func bounds() throws {
    let least = Wishes(
      memory: .mebibytes(1), cpuMillis: 10, pids: 1, timeout: .microseconds(1), grace: .zero, maxAttempts: 1,
      retryDelay: .zero)
    #expect(try terms(least) == reception.defaults.amended(by: least))
    let most = Wishes(
      memory: .gibibytes(2), cpuMillis: 4000, pids: 1000,
      io: [IOLimit(device: "259:1", readBytesPerSecond: 1)],
      maxAttempts: 1000)
    #expect(try terms(most) == reception.defaults.amended(by: most))
  }

  @Test("what could never run on this machine is refused with what would do")
  func neverAdmissible() {
    let memory = refusal(Wishes(memory: .gibibytes(3)))
    #expect(memory?.kind == .neverAdmissible)
    #expect(memory?.message == "it wants 3 GiB of memory, the most that can be had is 2 GiB")
    #expect(memory?.hint == "ask for at most `--memory 2147483648`")
    let cpu = refusal(Wishes(cpuMillis: 4500))
    #expect(cpu?.kind == .neverAdmissible)
    #expect(cpu?.message == "it wants 4.5 processors, this machine has 4")
    #expect(cpu?.hint == "ask for at most `--cpu 4`")
    #expect(refusal(Wishes(pids: 1001))?.kind == .neverAdmissible)
  }

  @Test("what no node of a cluster can have either is refused, before sums of it overflow")
  func absurd() throws {
    var reception = reception
    reception.places.hasCluster = true
    var terms = reception.defaults
    for place in [Placement.slurm, .auto] {
      terms.place = place
      terms.limits.memory = .gibibytes(1 << 20)
      terms.limits.cpuMillis = 1_000_000_000
      try reception.check(terms)
      terms.limits.memory = Bytes(.max)
      #expect(throws: Refusal.self) { try reception.check(terms) }
      terms.limits.memory = .gibibytes(1)
      terms.limits.cpuMillis = .max
      #expect(throws: Refusal.self) { try reception.check(terms) }
    }
  }

  @Test("the input has a bound")
  func input() throws {
    var request = JobRequest(handler: "work", input: [UInt8](repeating: 0, count: 1024))
    #expect(try reception.submission(of: request, for: handler).input?.count == 1024)
    request.input?.append(0)
    let refusal = #expect(throws: Refusal.self) { try reception.submission(of: request, for: handler) }
    #expect(refusal?.kind == .tooLarge)
  }

  @Test("a label has a key of 1 to 64 characters and a value of at most 256")
  func labels() throws {
    let long = String(repeating: "ä", count: 64)
    let good = [long: String(repeating: "b", count: 256), "empty": ""]
    #expect(
      try reception.submission(of: JobRequest(handler: "work", labels: good), for: handler).labels == good)
    for bad in [["": "a"], [long + "b": "a"], ["a": String(repeating: "b", count: 257)]] {
      let refusal = #expect(throws: Refusal.self) {
        try reception.submission(of: JobRequest(handler: "work", labels: bad), for: handler)
      }
      #expect(refusal?.kind == .invalid)
      #expect(refusal?.message.hasSuffix("a key of 1 to 64 characters and a value of at most 256") == true)
    }
  }

  @Test("texts by which jobs are found are bounded in code points, and have no zero byte")
  func texts() throws {
    let marks = "e" + String(repeating: "\u{301}", count: 256)
    #expect(marks.count == 1)
    var wrong: [JobRequest] = []
    for text in [marks, String(repeating: "a", count: 257), "", "a\0b"] {
      wrong.append(JobRequest(handler: "work", jobClass: text))
      wrong.append(JobRequest(handler: "work", traceParent: text))
      var request = JobRequest(handler: "work")
      request.step = text
      wrong.append(request)
    }
    wrong.append(JobRequest(handler: "work", labels: ["a": marks]))
    wrong.append(JobRequest(handler: "work", labels: [marks: "a"]))
    wrong.append(JobRequest(handler: "work", labels: ["a": "\0"]))
    wrong.append(JobRequest(handler: "work", labels: ["a\0": "b"]))
    var keyed = JobRequest(handler: "work")
    keyed.key = JobKey(marks)
    wrong.append(keyed)
    for request in wrong {
      let refusal = #expect(throws: Refusal.self) { try reception.submission(of: request, for: handler) }
      #expect(refusal?.kind == .invalid)
    }
    let longest = JobRequest(handler: "work", jobClass: String(repeating: "a", count: 256))
    #expect(try reception.submission(of: longest, for: handler).jobClass == longest.jobClass)
  }

  @Test("a handler without a schema takes no parameters; one with a bad schema takes no job")
  func parameters() {
    let request = JobRequest(handler: "work", parameters: ["a": .null])
    let refusal = #expect(throws: Refusal.self) { try reception.submission(of: request, for: handler) }
    #expect(refusal?.message == "there is no parameter `a`")
    let broken = Handler(name: "work", summary: "", parameterSchema: .object(["oneOf": .array([])]))
    #expect(throws: Refusal.self) { try reception.submission(of: JobRequest(handler: "work"), for: broken) }
  }

  @Test("everything else of a request goes on unchanged")
  func passedOn() throws {
    let request = JobRequest(
      handler: "work", input: [1], priority: Priority(rawValue: 9) ?? .default, jobClass: "large",
      labels: ["a": "b"], notBefore: Sample.time(9), traceParent: Sample.trace)
    let submission = try reception.submission(of: request, for: handler)
    #expect(
      submission
        == Submission(
          handler: "work", input: [1], terms: reception.defaults, priority: Priority(rawValue: 9) ?? .default,
          jobClass: "large", labels: ["a": "b"], notBefore: Sample.time(9), traceParent: Sample.trace))
  }
}
