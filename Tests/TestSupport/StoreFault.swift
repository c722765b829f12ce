package import MillraceEngine

/// What a store of the tests throws where a real one would throw what its disk does.
package enum StoreFault: StorageFailure, CaseIterable, CustomStringConvertible {
  case busy, diskFull, inputOutput, damaged

  package var message: String {
    switch self {
    case .busy: "the database is locked"
    case .diskFull: "no space left on device"
    case .inputOutput: "disk I/O error"
    case .damaged: "the database is damaged"
    }
  }

  package var hint: String { "mend the test's disk" }

  package var kind: StorageFailureKind { self == .damaged ? .lasting : .passing }

  package var description: String { message }
}
