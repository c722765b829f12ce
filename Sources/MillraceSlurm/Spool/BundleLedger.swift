import MillraceCore

/// What a runner notes of a bundle for the runner after it. Only runners read and write it: what lies in the
/// bundle itself belongs to the jobs' user.
struct BundleLedger: Equatable {
  var name: String
  var user: SlurmSettings.User
  /// The arguments of `sbatch`, so that it can be submitted by another runner.
  var arguments: [String]
  /// Slurm's number of the job; nil until it is known.
  var job: String?
  /// When it was made.
  var made: Timestamp
  /// When it was closed; nil if it is not.
  var closed: Timestamp?
  var parallel = 1
  /// The memory that Slurm was asked for, for each attempt that runs; nil in the ledgers of older releases.
  var memory: Bytes?
  /// In the order in which they start.
  var attempts: [AttemptID]
  /// Those whose end this side has decided, and how.
  var decided: [AttemptID: Decision] = [:]
  /// Those that may have run, though this side has decided: an end of theirs may still come.
  var ran: Set<AttemptID> = []
  /// Those whose ends are on record, and those of which a late one is as well.
  var released: Set<AttemptID> = []
  var late: Set<AttemptID> = []

  /// An end that no host has written.
  enum Decision: Equatable {
    /// It never ran: it was taken out of the queue.
    case withdrawn
    /// The cluster did not take it.
    case refused(String)
    case interrupted(Interruption)
  }

  /// Those of which a late end may come.
  var lost: [AttemptID] { attempts.filter { ran.contains($0) && !late.contains($0) } }

  var text: String {
    var lines = ["millrace-ledger 1", "user \(user.uid) \(user.gid)", "made \(made.rawValue)"]
    if parallel != 1 { lines.append("parallel \(parallel)") }
    if let memory { lines.append("memory \(memory.rawValue)") }
    if let job { lines.append("job \(job)") }
    if let closed { lines.append("closed \(closed.rawValue)") }
    lines += arguments.map { "argument \($0)" }
    lines += attempts.map { attempt in
      let state = late.contains(attempt) ? "late" : released.contains(attempt) ? "released" : "open"
      let line = "attempt \(attempt) \(state) \(ran.contains(attempt) ? "ran" : "-")"
      return line + (decided[attempt].map { " " + $0.text } ?? "")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Reads it; nil if it is none.
  init?(_ text: String, named name: String) {
    self.init(
      name: name, user: SlurmSettings.User(uid: 0, gid: 0), arguments: [], made: Timestamp(rawValue: 0),
      attempts: [])
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
    guard lines.popFirst() == "millrace-ledger 1", lines.popLast() == "" else { return nil }
    for line in lines {
      let parts = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, take(parts[0], parts[1]) else { return nil }
    }
  }

  init(
    name: String, user: SlurmSettings.User, arguments: [String], made: Timestamp, attempts: [AttemptID]
  ) {
    self.name = name
    self.user = user
    self.arguments = arguments
    self.made = made
    self.attempts = attempts
  }

  private mutating func take(_ word: Substring, _ value: Substring) -> Bool {
    switch word {
    case "user":
      let ids = value.split(separator: " ").compactMap { UInt32($0) }
      guard ids.count == 2 else { return false }
      user = SlurmSettings.User(uid: ids[0], gid: ids[1])
    case "made":
      guard let time = Int64(value) else { return false }
      made = Timestamp(rawValue: time)
    case "closed":
      guard let time = Int64(value) else { return false }
      closed = Timestamp(rawValue: time)
    case "parallel":
      guard let count = Int(value) else { return false }
      parallel = count
    case "memory":
      guard let bytes = Int64(value) else { return false }
      memory = Bytes(bytes)
    case "job": job = String(value)
    case "argument": arguments.append(String(value))
    case "attempt":
      let parts = value.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
      guard parts.count >= 3, let attempt = AttemptID(text: String(parts[0])) else { return false }
      attempts.append(attempt)
      if parts[1] != "open" { released.insert(attempt) }
      if parts[1] == "late" { late.insert(attempt) }
      if parts[2] == "ran" { ran.insert(attempt) }
      if parts.count == 4 { decided[attempt] = Decision(parts[3]) }
    default: break  // A later version has written it.
    }
    return true
  }
}

extension BundleLedger.Decision {
  /// It as a line.
  var text: String {
    func line(_ word: String, _ text: String) -> String {
      word + " " + text.split(whereSeparator: \.isNewline).joined(separator: " ")
    }
    switch self {
    case .withdrawn: return "withdrawn"
    case .refused(let reason): return line("refused", reason)
    case .interrupted(.nodeFault(let reason)): return line("fault", reason)
    case .interrupted(.timeLimit): return "time-limit"
    case .interrupted(.outOfMemory): return "out-of-memory"
    case .interrupted(.nodeLost): return "lost"
    case .interrupted(.preempted): return "preempted"
    case .interrupted(.cancelled): return "cancelled"
    case .interrupted(.deadline): return "deadline"
    }
  }

  init(_ text: Substring) {
    let parts = text.split(separator: " ", maxSplits: 1)
    let rest = parts.count > 1 ? String(parts[1]) : ""
    switch parts.first {
    case "withdrawn": self = .withdrawn
    case "refused": self = .refused(rest)
    case "fault": self = .interrupted(.nodeFault(rest))
    case "time-limit": self = .interrupted(.timeLimit)
    case "out-of-memory": self = .interrupted(.outOfMemory)
    case "preempted": self = .interrupted(.preempted)
    case "cancelled": self = .interrupted(.cancelled)
    case "deadline": self = .interrupted(.deadline)
    default: self = .interrupted(.nodeLost)
    }
  }
}
