import Glibc
import MillraceCore
import MillraceEngine
import MillraceLinux
import MillraceYAML
import Synchronization

/// The sidecars of all plugins: reads them with each catalog, and writes recommendations into them.
///
/// A sidecar with mistakes never stops its plugin: the settings that it had last without any stay in force,
/// and the mistakes are told with the catalog.
final class Sidecars: SettingsFiles {
  private let directory: String
  /// What the configuration says of handlers; it comes before the sidecars.
  private let overrides: [String: Configuration.HandlerSettings]
  private let state = Mutex(State())
  /// Held while a file is changed: two changes at once would lose one.
  private let writing = Mutex(())

  private struct State {
    /// The last sidecars without mistakes, by file.
    var good: [String: Sidecar] = [:]
    /// Where the settings of each handler in use are.
    var places: [String: Place] = [:]
  }

  private struct Place {
    var file: String
    /// All handlers of the plugin.
    var handlers: [String]
  }

  init(directory: String, overrides: [String: Configuration.HandlerSettings]) {
    self.directory = directory
    self.overrides = overrides
  }

  /// Returns a catalog with the settings of the sidecars in the place of the authors', and with the mistakes
  /// in them; `files` has the file of each plugin by the plugin's name.
  func amend(_ catalog: Catalog, files: [String: String]) -> Catalog {
    var amended = catalog
    var new = State()
    let old = state.withLock { $0 }
    for (index, plugin) in catalog.plugins.enumerated() {
      guard let source = files[plugin.name] else { continue }
      let file = Sidecar.path(beside: source)
      let names = plugin.handlers.map(\.name)
      for name in names { new.places[name] = Place(file: file, handlers: names) }
      var sidecar = Sidecar()
      do {
        sidecar = try Self.read(file, handlers: names)
      } catch {
        let last = old.good[file]
        sidecar = last ?? sidecar
        let what = last == nil ? "nothing of it is in force" : "its last settings stay in force"
        amended.refused.append(RefusedPlugin(path: file, reason: "\(Self.reason(error)); \(what)"))
      }
      new.good[file] = sidecar
      amended.plugins[index] = sidecar.amended(plugin)
    }
    amended.refused += strays()
    state.withLock { $0 = new }
    return amended
  }

  private static func read(_ file: String, handlers: [String]) throws -> Sidecar {
    guard let text = try SidecarFile(path: file).text() else { return Sidecar() }
    return try Sidecar(text, named: file, handlers: handlers)
  }

  /// All mistakes on one line, each with its place.
  private static func reason(_ error: any Error) -> String {
    switch error {
    case let error as FileMistakes: error.lines.joined(separator: "; ")
    case let error as LinuxError: LinuxError(error.doing, error.reason).description
    default: "\(error)"
    }
  }

  /// Files of settings without a plugin beside them: most likely a name that is misspelt.
  private func strays() -> [RefusedPlugin] {
    guard let stream = opendir(directory) else { return [] }  // The catalog tells it already.
    defer { closedir(stream) }
    var strays: [RefusedPlugin] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard name.hasSuffix(Sidecar.suffix), !name.hasPrefix(".") else { continue }
      let plugin = name.dropLast(Sidecar.suffix.count) + ".so"
      if access("\(directory)/\(plugin)", F_OK) != 0 {
        let reason = "there is no `\(plugin)` beside it"
        strays.append(RefusedPlugin(path: "\(directory)/\(name)", reason: reason))
      }
    }
    return strays.sorted { $0.path < $1.path }
  }

  // MARK: Writing

  /// Writes limits of a handler beside its plugin; the watch over the directory puts them into force.
  func write(_ wishes: Wishes, for handler: String) async throws -> String {
    try checkOverrides(of: handler, wishes)
    guard let place = state.withLock({ $0.places[handler] }) else {
      throw Refusal(.notFound, "no plugin in use has a handler `\(handler)`")
    }
    return try writing.withLock { _ in
      do {
        try change(place, wishes, for: handler)
      } catch let error as LinuxError {
        throw Refusal(.storage, LinuxError(error.doing, error.reason).description, hint: error.hint)
      }
      return place.file
    }
  }

  private func change(_ place: Place, _ wishes: Wishes, for handler: String) throws {
    let edit = SidecarEdit(of: wishes, for: handler)
    let file = SidecarFile(path: place.file)
    let text = try file.text() ?? ""
    var expected: Sidecar
    do {
      expected = try Sidecar(text, named: place.file, handlers: place.handlers)
    } catch {
      throw Refusal(
        .conflict, "`\(place.file)` has mistakes: \(Self.reason(error))", hint: "mend them first")
    }
    var settings = expected.settings[handler] ?? Configuration.HandlerSettings()
    settings.wishes = wishes.filled(from: settings.wishes)
    expected.settings[handler] = settings
    guard let changed = try edit.applied(to: text), Self.says(changed, expected, place) else {
      throw Refusal(
        .conflict, "`\(place.file)` is written in a way that can't be changed in place",
        hint: "put this into it: handlers: {\(handler): {\(edit.words)}}")
    }
    try file.replace(by: changed)
  }

  /// Whether a text reads as what was meant, however it is written.
  private static func says(_ text: String, _ meant: Sidecar, _ place: Place) -> Bool {
    do {
      return try Sidecar(text, named: place.file, handlers: place.handlers) == meant
    } catch {
      return false  // It has a mistake that the text before had not.
    }
  }

  /// What the configuration says would come first, and nothing would change.
  private func checkOverrides(of handler: String, _ wishes: Wishes) throws {
    let above = overrides[handler]?.wishes ?? Wishes()
    let pairs: [(name: String, isInTheWay: Bool)] = [
      ("memory", wishes.memory != nil && above.memory != nil),
      ("cpu", wishes.cpuMillis != nil && above.cpuMillis != nil),
      ("timeout", wishes.timeout != nil && above.timeout != nil),
    ]
    guard let first = pairs.first(where: \.isInTheWay) else { return }
    let words = SidecarEdit(of: wishes, for: handler).words
    throw Refusal(
      .conflict,
      "the configuration says `handlers.\(handler).\(first.name)`, which comes before the file of settings",
      hint: "change it there: handlers: {\(handler): {\(words)}}")
  }
}
