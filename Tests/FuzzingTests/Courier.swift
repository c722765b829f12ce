import CMillraceLinux

@testable import MillraceSlurm

extension FuzzedParser {
  /// What the runner reads of nodes that share no file system with it: the body of a frame, behind its type.
  static let courier = [
    FuzzedParser("courier-request", longest: 512) { bytes in
      guard let type = bytes.first else { return }
      let frame = CourierStream.Frame(type: Int(type), body: Array(bytes.dropFirst()))
      guard let request = CourierRequest(frame) else { return }
      let name: CourierName
      switch request {
      case .get(let asked, let offset), .put(let asked, let offset, _), .replace(let asked, let offset, _, _):
        demand((0..<1 << 48).contains(offset), "an offset is far from overflowing")
        name = asked
      case .sync(let asked): name = asked
      case .unknown: return
      }
      demand(!name.file.contains("/") && name.file != ".." && !name.file.utf8.contains(0), "it stays inside")
      if case .plugin = name { return }
      demandEqual(CourierName(name.file), name, "a name is its file's")
    }
  ]
}
