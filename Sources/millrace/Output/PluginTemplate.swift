import FoundationEssentials
import Glibc

/// A plugin to begin with: a directory of ordinary files in which `nameless` stands for its name, and
/// `Nameless` for a name as types have it; also in the names of files.
struct PluginTemplate {
  private let source: String

  /// Finds the template of a language.
  ///
  /// - Parameters:
  ///   - language: what the plugin is to be written in.
  ///   - directory: where the templates are; nil for where they are installed.
  /// - Throws: `CommandError` (`notFound`) if there are none.
  init(_ language: PluginLanguage, in directory: String?) throws {
    let places = directory.map { [$0] } ?? Self.places
    guard let place = places.first(where: { Places.exists("\($0)/\(language.rawValue)") }) else {
      let names = places.map { "`\($0)`" }.joined(separator: " or ")
      throw CommandError(
        .notFound, "there are no templates for \(language.rawValue) in \(names)",
        hint: "`--templates` names the directory; `etc/templates` of Millrace's sources makes it")
    }
    source = "\(place)/\(language.rawValue)"
  }

  /// Where templates are, beside the program that runs.
  private static var places: [String] {
    let directory = Places.programDirectory ?? ""
    return ["\(directory)/templates", "\(directory)/../share/millrace/templates"]
  }

  /// Writes the plugin into a new directory.
  ///
  /// - Throws: `CommandError` if the directory is there, or something can't be written; then nothing stays.
  func write(to target: String, name: String) throws {
    guard mkdir(target, 0o777) == 0 else {
      let reason = String(cString: strerror(errno))
      let hint = errno == EEXIST ? "remove it, or name another with `--directory`" : nil
      throw CommandError(.failure, "cannot make `\(target)`: \(reason)", hint: hint)
    }
    do { try copy(source, to: target, names: Names(name)) } catch {
      // What can't be removed is the operator's to see; the error tells where.
      try? FileManager.default.removeItem(atPath: target)
      throw CommandError(.failure, "cannot write the plugin to `\(target)`: \(error)")
    }
  }

  /// Copies what is in a directory; what is a link becomes what it leads to.
  private func copy(_ source: String, to target: String, names: Names) throws {
    for entry in try FileManager.default.contentsOfDirectory(atPath: source).sorted() {
      // Neither of them is what is left of a build.
      if entry.hasPrefix(".") { continue }
      let (from, to) = ("\(source)/\(entry)", "\(target)/\(names.put(into: entry))")
      var isDirectory = false
      _ = FileManager.default.fileExists(atPath: from, isDirectory: &isDirectory)
      if isDirectory {
        try FileManager.default.createDirectory(atPath: to, withIntermediateDirectories: false)
        try copy(from, to: to, names: names)
      } else {
        let text = String(decoding: try Data(contentsOf: URL(filePath: from)), as: UTF8.self)
        try OutputFile.write(names.put(into: text), to: to)
      }
    }
  }

  /// What a template's words become.
  private struct Names {
    let name: String
    /// The name as types have it: `file.digest` is `FileDigest`.
    let type: String

    init(_ name: String) {
      self.name = name
      let words = name.split { !$0.isLetter && !$0.isNumber }
      type = words.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }

    func put(into text: String) -> String {
      text.replacing("nameless", with: name).replacing("Nameless", with: type)
    }
  }
}
