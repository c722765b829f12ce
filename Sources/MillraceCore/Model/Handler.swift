/// One build of a plugin: a shared library in the plugin directory, as it described itself.
package struct Plugin: Hashable, Sendable, Codable {
  /// The plugin's name.
  package var name: String
  /// The version that its author gave it.
  package var version: String
  /// SHA-256 of the file, 64 hexadecimal digits: the identity of the build.
  package var sha256: String
  /// The file, as an absolute path.
  package var path: String
  /// What it can do.
  package var handlers: [Handler]
  /// Whether its jobs are forked from a warm host.
  package var isWarm = false
  /// Whether it has something to do before jobs are forked from its host.
  package var hasWarmUp = false
  /// The most memory of such a host; nil for the runner's default.
  package var warmMemory: Bytes?
  /// Whether it has files of its own, which belong to its build.
  package var hasFiles = false
  /// Whether time ran out before it had looked at all of them: another try may tell more.
  package var isUnfinished = false
  /// What is wrong with parts of it, in its own words.
  package var problems: [String] = []
  /// Variables that its jobs find in their environment, before those that all have.
  package var environment: [String: String] = [:]
  /// As whom its jobs run; nil for the runner's usual one.
  package var user: JobUser?
  /// The build in whose place this one serves; nil if it is the one that lies in the plugin directory.
  package var standsIn: StandIn?

  /// Makes a description of a plugin.
  package init(name: String, version: String, sha256: String, path: String, handlers: [Handler]) {
    self.name = name
    self.version = version
    self.sha256 = sha256
    self.path = path
    self.handlers = handlers
  }
}

/// A user of the machine as whom jobs run.
package struct JobUser: Hashable, Sendable, Codable {
  package var name: String
  package var uid: UInt32
  package var gid: UInt32

  package init(name: String, uid: UInt32, gid: UInt32) {
    self.name = name
    self.uid = uid
    self.gid = gid
  }
}

/// One kind of job: a function in a plugin.
package struct Handler: Hashable, Sendable, Codable {
  /// The name by which jobs ask for it, unique on the machine.
  package var name: String
  /// One line that says what it does.
  package var summary: String
  /// JSON Schema of its parameters; nil if it takes none.
  package var parameterSchema: JSONValue?
  /// What its author holds right for its jobs.
  package var wishes: Wishes
  /// How many of its jobs may run at once; nil for no bound of its own.
  package var concurrency: Int?
  /// How often its jobs may start; nil for no bound of its own.
  package var rate: Rate?
  /// Whether the failure of one of its jobs tells nothing of the next: then it has no breaker.
  package var hasUnrelatedJobs = false
  /// Whether its jobs are started without a warm host, though its plugin has one.
  package var isNeverWarm = false
  /// Whether warm hosts can be prepared for the affinity keys of its jobs.
  package var preparesForKeys = false
  /// How its jobs are started; nil for the usual way.
  package var tier: StartTier?

  /// Makes a description of a handler.
  package init(
    name: String, summary: String, parameterSchema: JSONValue? = nil, wishes: Wishes = Wishes(),
    concurrency: Int? = nil, rate: Rate? = nil
  ) {
    self.name = name
    self.summary = summary
    self.parameterSchema = parameterSchema
    self.wishes = wishes
    self.concurrency = concurrency
    self.rate = rate
  }

  /// Whether `name` may name a plugin or a handler: 1 to 64 of `a-z 0-9 - _ .`, a letter first.
  package static func isValidName(_ name: String) -> Bool {
    guard let first = name.utf8.first, (1...64).contains(name.utf8.count) else { return false }
    let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    return letters.contains(first)
      && name.utf8.allSatisfy { letters.contains($0) || digits.contains($0) || "-_.".utf8.contains($0) }
  }
}

/// A file in the plugin directory that can't be used, and why.
package struct RefusedPlugin: Hashable, Sendable, Codable {
  /// The file, as an absolute path.
  package var path: String
  /// One sentence for the operator.
  package var reason: String

  package init(path: String, reason: String) {
    self.path = path
    self.reason = reason
  }
}
