package import MillraceCore

extension ClusterNode {
  /// Reads what `scontrol show nodes --oneliner` printed. Lines that are no node are passed over. Who answers
  /// Slurm was seen when it was asked.
  static func list(_ text: String, at now: Timestamp) -> [ClusterNode] {
    text.split(separator: "\n").compactMap { ClusterNode(SlurmRecord($0, rest: "Reason"), at: now) }
  }

  init?(_ record: SlurmRecord, at now: Timestamp) {
    guard let name = record["NodeName"].flatMap(ClusterName.init) else { return nil }
    func number(_ key: String) -> Int64? {
      // Above 2³¹ it is one of Slurm's words for "not known".
      record[key].flatMap { Int64($0) }.flatMap { (0..<1 << 31).contains($0) ? $0 : nil }
    }
    let word = record["State"] ?? "UNKNOWN"
    self.init(
      name: name.text, state: State(slurm: word), word: String(word.lowercased().prefix(100)),
      processors: Int(number("CPUEfctv") ?? number("CPUTot") ?? 0),
      processorsReserved: Int(number("CPUAlloc") ?? 0),
      load: record["CPULoad"].flatMap(Double.init).flatMap { $0.isFinite && $0 >= 0 ? $0 : nil },
      memory: .mebibytes(number("RealMemory") ?? 0), memoryReserved: .mebibytes(number("AllocMem") ?? 0),
      memoryFree: number("FreeMem").map(Bytes.mebibytes),
      reason: record["Reason"].map { String($0.prefix(300)) })
    if Self.answers(word) { lastSeen = now }
  }

  /// Whether Slurm hears of the node.
  private static func answers(_ word: String) -> Bool {
    State(slurm: word) != .offline && !State.flags(word).contains("NOT_RESPONDING")
  }
}

extension ClusterNode.State {
  /// What a node's state is, by Slurm's words for it: `MIXED+DRAIN`, `DOWN*` (sinfo(1), NODE STATE CODES).
  package init(slurm word: String) {
    let flags = Self.flags(word)
    func has(_ words: String...) -> Bool { words.contains { flags.contains($0) } }
    if has("NOT_RESPONDING") || has("UNKNOWN", "UNK", "FUTURE", "FUTR") {
      self = .offline
    } else if has("DRAIN", "DRAINED", "DRAINING", "DRNG") {
      self = .drained
    } else if has("POWERED_DOWN", "POWERING_DOWN"), has("DOWN") {
      self = .offline
    } else if has("DOWN", "ERROR", "FAIL", "FAILING", "FAILG", "INVALID", "INVALID_REG", "INVAL", "BLOCKED")
      || has("MAINT", "MAINTENANCE", "REBOOT", "REBOOT_ISSUED", "NO_RESPOND", "PERFCTRS")
    {
      self = .unhealthy
    } else if has("ALLOCATED", "ALLOC", "MIXED", "MIX", "COMPLETING", "COMP") {
      self = .busy
    } else if has("IDLE", "RESERVED", "RESV", "PLANNED", "PLND") {
      self = .idle
    } else {
      // A word that is not known here.
      self = .unhealthy
    }
  }

  /// The words that a state is made of; `*` after it stands for "does not respond".
  fileprivate static func flags(_ word: String) -> Set<String> {
    let words = word.uppercased().split(separator: "+").map { part in
      String(part.filter { $0.isLetter || $0 == "_" })
    }
    return Set(words + (word.contains("*") ? ["NOT_RESPONDING"] : []))
  }
}
