/// A build of a plugin: what a file of the plugin directory is, or was.
package struct Build: Hashable, Sendable, Codable {
  /// SHA-256 of the file, 64 hexadecimal digits.
  package var sha256: String
  /// The plugin's name and version, as it described itself; nil if it never did.
  package var plugin: String?
  package var version: String?
  /// When it was put there last.
  package var since: Timestamp
  /// Who signed it; nil if nobody, or if that was not asked.
  package var signer: String?
  /// Nil while it may serve.
  package var quarantine: Quarantine?

  /// Why a build must not serve.
  package struct Quarantine: Hashable, Sendable, Codable {
    package var cause: Cause
    /// One sentence for the operator.
    package var reason: String
    package var since: Timestamp

    package init(_ cause: Cause, _ reason: String, since: Timestamp) {
      self.cause = cause
      self.reason = reason
      self.since = since
    }
  }

  /// What put a build into quarantine.
  package enum Cause: String, Hashable, Sendable, Codable, CaseIterable {
    /// It is no plugin that can be used.
    case description
    /// Nobody who may has signed it.
    case signature
    /// Its first attempts crashed.
    case crashes
  }

  package init(sha256: String, since: Timestamp) {
    self.sha256 = sha256
    self.since = since
  }
}

/// The build that lies in the plugin directory while an earlier one serves in its place.
package struct StandIn: Hashable, Sendable, Codable {
  /// The SHA-256 of the build that does not serve.
  package var sha256: String
  /// The file, as an absolute path.
  package var file: String
  /// Nil if somebody went back to the earlier build.
  package var quarantine: Build.Quarantine?

  package init(sha256: String, file: String, quarantine: Build.Quarantine?) {
    self.sha256 = sha256
    self.file = file
    self.quarantine = quarantine
  }
}

/// A build with what becomes of it now.
package struct BuildStanding: Hashable, Sendable {
  package enum State: String, Hashable, Sendable, Codable, CaseIterable {
    /// New attempts run it.
    case serving
    /// It must not serve.
    case quarantined
    /// It lies in the plugin directory, but somebody went back to an earlier one.
    case rolledBack = "rolled-back"
    /// It was replaced; one can go back to it as long as its copy is there.
    case earlier
    /// Only attempts on record tell of it.
    case gone
  }

  package var build: Build
  package var state: State

  package init(_ build: Build, _ state: State) {
    self.build = build
    self.state = state
  }
}
