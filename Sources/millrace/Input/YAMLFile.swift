import MillraceCore
import MillraceYAML

/// A file that somebody wrote, in YAML or JSON.
enum YAMLFile {
  /// Reads a file, and makes of it what `body` does; - is standard input.
  /// - Throws: `CommandError` (`usage`) with every mistake and its place.
  static func read<Value>(_ name: String, _ body: (PlacedValue) throws -> Value) throws -> Value {
    do {
      return try body(try YAMLDocument.tree(of: try InputFile.text(name), named: name))
    } catch let error as Mistakes {
      throw problem(FileMistakes(file: name, mistakes: error.all))
    } catch let error as FileMistakes {
      throw problem(error)
    }
  }

  private static func problem(_ error: FileMistakes) -> CommandError {
    CommandError(.usage, error.lines.joined(separator: "\nerror: "), hint: FileMistakes.hint)
  }
}
