import Glibc

/// Data of others, which the project may not carry: in `../shared/data` beside the repository.
package enum ReferenceData {
  /// Returns the path of one of its files; nil, with a word about what is not tested, if it is not there.
  package static func path(_ name: String, test: String = #function) -> String? {
    // Tests/TestSupport/ReferenceData.swift → the directory that the repository is in.
    let parts = #filePath.split(separator: "/").dropLast(4)
    let candidates = ["/" + parts.joined(separator: "/") + "/shared/data", "../shared/data"]
    for directory in candidates where access(directory + "/" + name, R_OK) == 0 {
      return directory + "/" + name
    }
    print("NOT TESTED: \(test) needs `../shared/data/\(name)`, which is not there")
    return nil
  }
}
