import TestSupport
import Testing

@testable import MillraceStore

/// Gives `body` a directory of its own (mode 0700), which is removed afterwards.
func withDirectory<Value>(_ body: (String) async throws -> Value) async throws -> Value {
  let directory = try TemporaryDirectory()
  let value = try await body(directory.path)
  return withExtendedLifetime(directory) { value }
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
