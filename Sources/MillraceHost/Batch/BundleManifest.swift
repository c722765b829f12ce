import CMillraceLinux.Libc

/// What the runner says of a bundle: the attempts that ride in one Slurm job, and how they are to be run.
struct BundleManifest {
  /// a-z 0-9 and dashes, at most 60.
  private(set) var name: [UInt8] = []
  /// How often the host says that it lives, in seconds.
  private(set) var beat: Int64 = 5
  /// After how many seconds without a heartbeat on the spool the host kills what it runs.
  private(set) var fence: Int64 = 60
  /// Whether nothing may run unless memory is capped here.
  private(set) var needsCaps = true
  /// What was asked of Slurm, in bytes.
  private(set) var memory: Int64 = 0
  /// How many attempts run at once.
  private(set) var parallel = 1
  /// The longest log, in bytes.
  private(set) var maximumLog = 16 << 20
  /// The largest result, in bytes.
  private(set) var maximumResult = 64 << 20
  private(set) var maximumOpenFiles: UInt64 = 1024
  private(set) var attempts: [BundleAttempt] = []

  /// The most attempts of one bundle.
  static let maximumAttempts = 100

  private static let hint = "update the runner and the node's millrace-host together"

  /// Reads a manifest. Words that a later version may have added are passed over.
  /// - Throws: what is wrong with it first, and where.
  init(_ bytes: [UInt8]) throws(HostError) {
    guard bytes.count <= SpoolText.maximumSize else {
      throw HostError("the manifest has over \(SpoolText.maximumSize) bytes", hint: BundleManifest.hint)
    }
    let lines = SpoolText.lines(of: bytes)
    guard let first = lines.first, first.count == 2, SpoolText.isWord(first[0], "millrace-bundle"),
      SpoolText.isWord(first[1], "1")
    else {
      throw HostError("the manifest does not begin with `millrace-bundle 1`", hint: BundleManifest.hint)
    }
    for (index, line) in lines.enumerated().dropFirst() where !take(line) {
      throw HostError("line \(index + 1) of the manifest is malformed", hint: BundleManifest.hint)
    }
    if let fault = fault { throw HostError("the manifest \(fault)", hint: BundleManifest.hint) }
  }

  /// What is missing, or does not go together.
  private var fault: String? {
    if name.isEmpty { return "names no bundle" }
    if attempts.isEmpty { return "has no attempts" }
    if fence <= beat { return "has a fence that is not longer than its beat" }
    if needsCaps && memory == 0 { return "does not say how much memory was asked for" }
    return nil
  }

  /// Takes a line in. Returns false if it is malformed.
  private mutating func take(_ line: [SpoolText.Word]) -> Bool {
    guard let word = line.first, !word.isEmpty else { return line.count == 1 }
    func number(_ bounds: ClosedRange<Int64>) -> Int64? {
      line.count == 2 ? SpoolText.number(line[1], in: bounds) : nil
    }
    func set<Number: BinaryInteger>(_ place: inout Number, _ bounds: ClosedRange<Int64>) -> Bool {
      guard let value = number(bounds) else { return false }
      place = Number(value)
      return true
    }
    if SpoolText.isWord(word, "beat") { return set(&beat, 1...3600) }
    if SpoolText.isWord(word, "fence") { return set(&fence, 1...86_400) }
    if SpoolText.isWord(word, "memory") { return set(&memory, 1...1 << 56) }
    if SpoolText.isWord(word, "parallel") { return set(&parallel, 1...Int64(BundleManifest.maximumAttempts)) }
    if SpoolText.isWord(word, "log") { return set(&maximumLog, 0...1 << 40) }
    if SpoolText.isWord(word, "result") { return set(&maximumResult, 0...1 << 40) }
    if SpoolText.isWord(word, "files") { return set(&maximumOpenFiles, 1...1 << 30) }
    if SpoolText.isWord(word, "bundle") {
      guard line.count == 2, BundleManifest.isName(line[1]) else { return false }
      name = Array(line[1])
      return true
    }
    if SpoolText.isWord(word, "caps") {
      guard line.count == 2 else { return false }
      needsCaps = SpoolText.isWord(line[1], "required")
      return needsCaps || SpoolText.isWord(line[1], "trusted")
    }
    if SpoolText.isWord(word, "attempt") {
      guard attempts.count < BundleManifest.maximumAttempts, let attempt = BundleAttempt(line),
        !attempts.contains(where: { $0.job == attempt.job && $0.number == attempt.number })
      else { return false }
      attempts.append(attempt)
    }
    return true
  }

  /// Whether a word can be the name of a bundle: its directory has it, and nothing else could.
  static func isName(_ word: SpoolText.Word) -> Bool {
    (1...60).contains(word.count)
      && word.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }
}

/// An attempt of a bundle.
struct BundleAttempt {
  let job: Int64
  let number: Int32
  /// The digest of the plugin's file, as 64 hexadecimal digits.
  let plugin: [UInt8]
  /// How long it may run, and how long it has between SIGTERM and SIGKILL; a timeout of 0 is none.
  let timeoutMilliseconds: Int64
  let graceMilliseconds: Int64

  /// Reads a line `attempt N.M SHA256 TIMEOUT-MS GRACE-MS MEMORY-BYTES PIDS`. The last two are what the
  /// scheduler counted with: the node caps the bundle as a whole.
  init?(_ line: [SpoolText.Word]) {
    guard line.count >= 7 else { return nil }
    let numbers = line[1].split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard numbers.count == 2, let job = SpoolText.number(numbers[0], in: 1...Int64.max),
      let number = SpoolText.number(numbers[1], in: 1...Int64(Int32.max)),
      numbers[0].first != UInt8(ascii: "0"), numbers[1].first != UInt8(ascii: "0"),
      SHA256.isHex(line[2]), let timeout = SpoolText.number(line[3], in: 0...BundleAttempt.longest),
      let grace = SpoolText.number(line[4], in: 0...BundleAttempt.longest),
      SpoolText.number(line[5], in: 0...1 << 56) != nil, SpoolText.number(line[6], in: 0...1 << 32) != nil
    else { return nil }
    self.job = job
    self.number = Int32(number)
    plugin = Array(line[2])
    timeoutMilliseconds = timeout
    graceMilliseconds = grace
  }

  /// A hundred years, in ms.
  private static let longest: Int64 = 3_155_760_000_000

  /// The name of one of its files.
  func file(_ ending: String) -> String { "\(job).\(number).\(ending)" }
}
