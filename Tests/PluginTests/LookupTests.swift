import FoundationEssentials
import PluginRecording
import Testing

@Suite("lookup finds keys in a table")
struct LookupTests {
  private func parameters(_ table: String, _ keys: [String]) -> String {
    let list = keys.map { #""\#($0)""# }.joined(separator: ",")
    return #"{"table":"\#(table)","keys":[\#(list)]}"#
  }

  private func table(_ text: String) throws -> (TemporaryDirectory, path: String) {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/table.tsv"
    try Data(text.utf8).write(to: URL(filePath: path))
    return (directory, path)
  }

  @Test("Each key has its value, or null; the order of the lines does not matter, nor does a missing end")
  func finds() throws {
    let (directory, path) = try table("pear\tgreen\n\napple\tred\nfig\t")
    let job = try run("lookup", of: "lookup", parameters(path, ["apple", "pear", "fig", "plum"]))
    #expect(job.text == #"{"apple":"red","pear":"green","fig":"","plum":null}"#, "\(job)")
    withExtendedLifetime(directory) {}
  }

  @Test("A table that can't be read, or is none, is the failure")
  func noTable() throws {
    #expect(try run("lookup", of: "lookup", parameters("/nowhere", ["x"])).failureCode == "no_table")
    #expect(try run("lookup", of: "lookup", parameters("/dev/null", ["x"])).failureCode == "no_table")
    let (directory, path) = try table("no tab\n")
    #expect(try run("lookup", of: "lookup", parameters(path, ["x"])).failureCode == "no_table")
    withExtendedLifetime(directory) {}
  }
}
