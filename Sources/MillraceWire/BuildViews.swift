package import MillraceCore

/// The builds of the plugin that has a handler: `GET /v1/handlers/{name}/builds`.
package struct BuildsView: Codable, Sendable, Equatable {
  package var handler: String
  package var plugin: String
  /// The newest first.
  package var builds: [BuildView]

  package init(handler: String, plugin: String, builds: [BuildView]) {
    self.handler = handler
    self.plugin = plugin
    self.builds = builds
  }
}

/// A build of a plugin, with what the attempts at one of its handlers have shown.
package struct BuildView: Codable, Sendable, Equatable {
  package var sha256: String
  /// Nil for one that never described itself.
  package var version: String?
  package var state: BuildStanding.State
  /// When it was put into the plugin directory last; of one that is gone, when its first attempt was
  /// admitted.
  package var since: String
  /// Who signed it; nil if nobody was asked for.
  package var signer: String?
  /// Why and since when it must not serve; nil if it may.
  package var quarantine: QuarantineView?
  /// Nil for one without attempts on record.
  package var figures: SummaryView?

  /// Makes the view of a build.
  package init(_ standing: BuildStanding, figures: HandlerSummary?) {
    let build = standing.build
    sha256 = build.sha256
    version = build.version
    state = standing.state
    since = Wire.text(of: build.since)
    signer = build.signer
    quarantine = build.quarantine.map(QuarantineView.init)
    self.figures = figures.map(SummaryView.init)
  }
}

/// Why a build must not serve.
package struct QuarantineView: Codable, Sendable, Equatable {
  package var cause: Build.Cause
  package var reason: String
  package var since: String

  /// Makes the view of a quarantine.
  package init(_ quarantine: Build.Quarantine) {
    cause = quarantine.cause
    reason = quarantine.reason
    since = Wire.text(of: quarantine.since)
  }
}

/// The build in the plugin directory in whose place an earlier one serves.
package struct StandInView: Codable, Sendable, Equatable {
  package var sha256: String
  package var file: String
  /// Nil if somebody went back to the earlier one.
  package var quarantine: QuarantineView?

  /// Makes the view of a build that does not serve.
  package init(_ standIn: StandIn) {
    sha256 = standIn.sha256
    file = standIn.file
    quarantine = standIn.quarantine.map(QuarantineView.init)
  }
}

/// That a build clearly takes more than the one before it.
package struct RegressionView: Codable, Sendable, Equatable {
  package var figure: Regression.Figure
  /// Medians: bytes, or seconds.
  package var median: Double
  package var formerMedian: Double
  /// The SHA-256 of the build before.
  package var formerSha256: String
  /// In a few words: `memory +45%`.
  package var text: String

  /// Makes the view of a regression.
  package init(_ regression: Regression) {
    let unit: Double = regression.figure == .time ? 1e6 : 1
    figure = regression.figure
    median = Double(regression.median) / unit
    formerMedian = Double(regression.formerMedian) / unit
    formerSha256 = regression.former
    text = regression.text
  }
}
