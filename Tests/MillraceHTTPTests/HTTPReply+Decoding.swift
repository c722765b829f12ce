import FoundationEssentials
import MillraceWire
import TestSupport

extension HTTPReply {
  func decoded<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
    try Wire.decoder().decode(type, from: Data(body))
  }
}
