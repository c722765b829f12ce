import ArgumentParser
import MillraceCore
import MillraceLinux

/// How jobs are started.
enum Tier: String, CaseIterable, ExpressibleByArgument {
  /// A fork of a host that has the plugin loaded.
  case warm
  /// A fork of the keeper, which then loads the plugin.
  case template
  /// The same with the plugin's libraries loaded ahead.
  case preloaded
  /// A fresh program for each.
  case cold

  /// Those that differ for a plugin that links nothing.
  static let ofProbe = [Tier.warm, .template, .cold]

  /// How the table calls it.
  var name: String {
    switch self {
    case .warm, .template, .cold: rawValue
    case .preloaded: "template with its libraries preloaded"
    }
  }

  /// What of the limit it is held against.
  var limit: RawLimit.Start {
    switch self {
    case .warm, .template, .preloaded: .fork
    case .cold: .exec
    }
  }

  /// How many times as long as the limit a launch may take, one by one.
  var target: Double {
    switch self {
    case .warm: 1.6
    case .template, .preloaded: 2
    case .cold: 1.3
    }
  }

  /// Makes a launcher start jobs so; `libraries` are those of the plugin.
  func apply(to settings: inout LaunchSettings, preload libraries: [String]) {
    switch self {
    case .warm: settings.tier = .warm
    case .template: break
    case .preloaded: settings.preload = libraries
    case .cold: settings.tier = .cold
    }
  }
}
