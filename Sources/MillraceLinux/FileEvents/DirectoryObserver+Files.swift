import Glibc
import MillraceCore
import MillraceEngine

/// Which files are told.
extension DirectoryObserver {
  /// A file was closed after writing, or moved into a directory.
  func tell(_ name: FileName, in path: String) {
    do {
      guard let directory = directories[path], directory.rules.contains(where: { $0.fits(name) }),
        let facts = try Self.regularFile(name, in: path)
      else { return }
      tell(name, facts, in: directory) { _ in true }
    } catch { lose(path, error) }
  }

  /// Goes on with the scan, or begins one that is due.
  func scanOn() {
    if scan == nil { beginScan() }
    guard let scan else { return }
    do {
      let names = try scan.names(atMost: FileEventChange.page)
      for name in names { try look(at: name, during: scan) }
      if names.isEmpty { end(scan) }
    } catch { lose(scan.path, error) }
  }

  private func beginScan() {
    let now = Self.monotonic()
    let watched = directories.values.filter { $0.watch != nil }.sorted { $0.path < $1.path }
    if let directory = watched.first(where: \.isUnscanned) {
      begin(.all, directory.path)
      if scan != nil { directories[directory.path]?.change(.unscanned, to: .scanning) }
    } else if let directory = watched.first(where: { $0.fresh.map { $0.due <= now } ?? false }),
      let fresh = directory.fresh
    {
      begin(.again(first: fresh.first, last: fresh.last), directory.path)
    }
  }

  private func begin(_ purpose: DirectoryScan.Purpose, _ path: String) {
    do { scan = try DirectoryScan(path, purpose) } catch { lose(path, error) }
  }

  private func look(at name: FileName, during scan: DirectoryScan) throws {
    guard let directory = directories[scan.path], directory.rules.contains(where: { $0.fits(name) }),
      let facts = try Self.regularFile(name, in: scan.path)
    else { return }
    let (changed, modified) = (Timestamp(facts.st_ctim), Timestamp(facts.st_mtim))
    switch scan.purpose {
    case .all:
      guard directory.rules.contains(where: { $0.isScanning(for: name, changed: changed) }) else { return }
      let now = Timestamp.now(by: CLOCK_REALTIME)
      // A time that lies in the future is nobody's who writes now.
      if modified > now - settings.rest, modified <= now + .seconds(1) {
        let wait = modified - now + settings.rest
        directories[scan.path]?.noteFresh(modified, due: Self.monotonic() + wait.milliseconds + 1)
        return
      }
      tell(name, facts, in: directory) { $0.isScanning(for: name, changed: changed) }
    case .again(let first, let last):
      // Content of a later time is told when its writer closes the file.
      guard (first...last).contains(modified) else { return }
      tell(name, facts, in: directory) { $0.state == .told && changed >= $0.since }
    }
  }

  private func end(_ scan: DirectoryScan) {
    self.scan = nil
    switch scan.purpose {
    case .all: directories[scan.path]?.change(.scanning, to: .told)
    case .again: directories[scan.path]?.fresh = nil
    }
  }

  private func tell(
    _ name: FileName, _ facts: stat, in directory: ObservedDirectory,
    where isTold: (ObservedDirectory.Rule) -> Bool
  ) {
    if let text = name.text {
      found += directory.appearances(of: name, text, facts, where: isTold)
    } else if directory.rules.contains(where: { isTold($0) && $0.fits(name) }) {
      directories[directory.path]?.noteOdd(name)
    }
  }

  private static func regularFile(_ name: FileName, in path: String) throws -> stat? {
    let facts = try stat(of: name, in: path)
    return facts.flatMap { $0.st_mode & S_IFMT == S_IFREG ? $0 : nil }
  }

  /// Tells of names that are no text: at the end of a scan for all of them.
  func tellOddNames() {
    for (path, directory) in directories where scan?.path != path {
      guard let odd = directory.odd else { continue }
      directories[path]?.odd = nil
      let (what, rest) = odd.count == 1 ? ("a file", "it") : ("\(odd.count) files", "them")
      tell(
        path,
        "\(what) in `\(path)` can't be told of, the name is no UTF-8: `\(odd.first.shown)`; rename \(rest)")
    }
  }
}
