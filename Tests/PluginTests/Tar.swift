/// A tar file that a test writes, with entries that no decent program would make.
struct Tar {
  /// The file: what was added, and its end.
  var bytes: [UInt8] { entries + [UInt8](repeating: 0, count: 1024) }
  private var entries: [UInt8] = []

  /// Adds an entry (POSIX.1-1988, `ustar`).
  ///
  /// - Parameters:
  ///   - name: its path; at most 100 bytes.
  ///   - type: "0" for a file, "1" a hard link, "2" a symbolic link, "3" a character device, "5" a directory,
  ///     "6" a pipe.
  ///   - link: what a link leads to.
  ///   - mode: its permissions, in octal.
  ///   - content: its bytes.
  ///   - claimed: the size that the header tells; nil for the true one.
  mutating func add(
    _ name: String, type: Character = "0", link: String = "", mode: String = "0000644", content: String = "",
    claimed: Int? = nil
  ) {
    var header = [UInt8](repeating: 0, count: 512)
    func put(_ text: String, at place: Int) {
      header.replaceSubrange(place..<place + text.utf8.count, with: text.utf8)
    }
    put(name, at: 0)
    put(mode, at: 100)
    put("0000000", at: 108)
    put("0000000", at: 116)
    put(Self.octal(claimed ?? content.utf8.count, digits: 11), at: 124)
    put("00000000000", at: 136)
    put("        ", at: 148)
    put(String(type), at: 156)
    put(link, at: 157)
    put("ustar\u{0}00", at: 257)
    put(Self.octal(header.reduce(0) { $0 + Int($1) }, digits: 6) + "\u{0} ", at: 148)
    entries += header + Array(content.utf8)
    entries += [UInt8](repeating: 0, count: (512 - content.utf8.count % 512) % 512)
  }

  private static func octal(_ number: Int, digits: Int) -> String {
    let text = String(number, radix: 8)
    return String(repeating: "0", count: digits - text.count) + text
  }
}
