import MillraceCore
import MillraceWire

@testable import MillraceHTTP

extension FuzzedParser {
  /// Single texts of the protocol.
  static let headers = [
    FuzzedParser(text: "media-type", longest: 128) { text in
      let type = MediaType(text)
      demandEqual(MediaType(type.name).name, type.name, "the name of a type")
      _ = (type.isJSON, type.isText)
    },
    FuzzedParser(text: "address", longest: 64) { text in
      if let name = AccessMiddleware.host(of: text) { demand(!name.isEmpty, "a name is no empty text") }
      guard let address = TCPAddress(text: text) else { return }
      let host = address.host.contains(":") ? "[\(address.host)]" : address.host
      demandEqual(TCPAddress(text: "\(host):\(address.port)"), address, "an address that is read again")
    },
    FuzzedParser(text: "accept", longest: 128) { text in _ = MetricsText(accept: text) },
  ]
}
