import Logging
import MillraceCore
import MillraceEngine
import MillraceYAML
import Synchronization

/// The settings that can be changed while the runner works: read and checked as the configuration is.
final class LiveSettings: RuntimeSettings {
  private let configuration: Configuration
  private let machine: Machine
  /// Where the other settings are changed.
  private let file: String
  private let log: LogThreshold
  /// Puts the wall around all jobs up where the capacity is; throws what the kernel says.
  private let wall: @Sendable (Bytes) throws -> Void
  /// Where it is.
  private let walled: Mutex<Bytes>

  init(
    over configuration: Configuration, of file: String, on machine: Machine, log: LogThreshold,
    wall: @escaping @Sendable (Bytes) throws -> Void
  ) {
    self.configuration = configuration
    self.file = file
    self.machine = machine
    self.log = log
    self.wall = wall
    walled = Mutex(machine.policy(configuration).capacity.memory)
  }

  func settled(with values: [String: String]) throws -> SettledSettings {
    let configuration = try self.configuration(with: values)
    return SettledSettings(
      policy: machine.policy(configuration), reception: machine.reception(configuration))
  }

  func apply(_ values: [String: String]) throws {
    let configuration = try self.configuration(with: values)
    let memory = machine.policy(configuration).capacity.memory
    try walled.withLock { walled in
      // Never lowered: whoever holds more now would be killed for it.
      guard memory > walled else { return }
      do {
        try wall(memory)
      } catch {
        throw Refusal(.conflict, "`capacity.memory` can't be raised: \(error)")
      }
      walled = memory
    }
    log.level = configuration.logLevel
  }

  func list(with values: [String: String]) -> [(name: String, value: String, configured: String)] {
    // What is in force was settled before.
    let present = (try? configuration(with: values)) ?? configuration
    return LiveSetting.all(in: present).map { setting in
      (setting.name, setting.text(present), setting.text(configuration))
    }
  }

  /// The configuration with some settings in the place of the file's.
  private func configuration(with values: [String: String]) throws -> Configuration {
    var configuration = configuration
    for (name, value) in values.sorted(by: { $0.key < $1.key }) {
      configuration = try changed(configuration, name, to: value)
    }
    return configuration
  }

  private func changed(
    _ configuration: Configuration, _ name: String, to value: String
  ) throws -> Configuration {
    let path = LiveSetting.path(of: name)
    guard !path.contains(""), !(name + value).unicodeScalars.contains(where: { $0.value < 0x20 }) else {
      throw Refusal(.invalid, "`\(name.filter { $0 >= " " })` is no name of a setting, or its value no text")
    }
    var text = Self.quoted(value)
    for part in path.reversed() { text = "{\(Self.quoted(part)): \(text)}" }
    let changed: Configuration
    do {
      changed = try ConfigurationReader.read(text, named: name, over: configuration, isAmending: true)
    } catch let error as FileMistakes {
      throw Refusal(
        .invalid, error.mistakes.map(\.message).joined(separator: "; "),
        hint: "`millrace set --list` shows what can be changed")
    }
    guard LiveSetting.isLive(path) else {
      throw Refusal(
        .conflict, "`\(name)` can't be changed while the runner works",
        hint: "change it in \(file) and start the runner anew; running jobs go on meanwhile")
    }
    return changed
  }

  /// Text as YAML takes it, whatever is in it.
  private static func quoted(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
  }
}
