import FoundationEssentials
import Glibc
import Testing

@testable import MillraceStore

/// Gives `body` a directory of its own (mode 0700), which is removed afterwards.
func withDirectory<Value>(_ body: (String) async throws -> Value) async throws -> Value {
  var template = Array("/tmp/millrace-store.XXXXXX".utf8CString)
  try #require(mkdtemp(&template) != nil)
  let path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  defer { try? FileManager.default.removeItem(atPath: path) }  // A leftover in /tmp fails no test.
  return try await body(path)
}

/// Gives `body` an empty store and the path of its database.
func withStore<Value>(_ body: (SQLiteJobStore, String) async throws -> Value) async throws -> Value {
  try await withDirectory { directory in
    let file = directory + "/millrace.sqlite"
    let store = try SQLiteJobStore(opening: file)
    let value = try await body(store, file)
    try store.close()
    return value
  }
}

/// Returns the error that `body` throws.
func storeError(_ body: () async throws -> Void) async throws -> StoreError {
  try await #require(throws: StoreError.self) { try await body() }
}
