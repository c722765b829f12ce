import Foundation
import TestSupport
import Testing

/// What `millrace-host batch` makes of a manifest, and of a node that does not cap memory.
@Suite struct BundleManifestTests {
  private static let digest = String(repeating: "a", count: 64)

  @Test(
    "a manifest that is not as it should be is refused with one clear error, and `done` has it",
    arguments: [
      ("", "does not begin with `millrace-bundle 1`"),
      ("millrace-bundle 2\nbundle b", "does not begin with `millrace-bundle 1`"),
      ("\u{7f}ELF\0\0", "does not begin with `millrace-bundle 1`"),
      ("millrace-bundle 1", "names no bundle"),
      ("millrace-bundle 1\nbundle b", "has no attempts"),
      ("millrace-bundle 1\nbundle ../b", "line 2 of the manifest is malformed"),
      ("millrace-bundle 1\nbundle B", "line 2 of the manifest is malformed"),
      ("millrace-bundle 1\nbundle b\nbeat 0", "line 3 of the manifest is malformed"),
      ("millrace-bundle 1\nbundle b\nbeat -1", "line 3 of the manifest is malformed"),
      ("millrace-bundle 1\nbundle b\nparallel 101", "line 3 of the manifest is malformed"),
      ("millrace-bundle 1\nbundle b\nfence 9999999999999999999999", "line 3 of the manifest is malformed"),
      ("millrace-bundle 1\nbundle b\ncaps maybe", "line 3 of the manifest is malformed"),
      ("millrace-bundle 1\nbundle b\nattempt 1.1 \(digest)", "line 3 of the manifest is malformed"),
      ("millrace-bundle 1\nbundle b\nattempt 1 \(digest) 0 0 0 0", "line 3 of the manifest is malformed"),
      ("millrace-bundle 1\nbundle b\nattempt 1.0 \(digest) 0 0 0 0", "line 3 of the manifest is malformed"),
      ("millrace-bundle 1\nbundle b\nattempt 01.1 \(digest) 0 0 0 0", "line 3 of the manifest is malformed"),
      ("millrace-bundle 1\nbundle b\nattempt 1.1 ../x 0 0 0 0", "line 3 of the manifest is malformed"),
      (
        "millrace-bundle 1\nbundle b\nattempt 1.1 \(digest) 0 0 0 0\nattempt 1.1 \(digest) 0 0 0 0",
        "line 4 of the manifest is malformed"
      ),
      (
        "millrace-bundle 1\nbundle b\nbeat 9\nfence 9\nattempt 1.1 \(digest) 0 0 0 0",
        "not longer than its beat"
      ),
      ("millrace-bundle 1\nbundle b\nattempt 1.1 \(digest) 0 0 0 0", "how much memory was asked for"),
      (String(repeating: "x", count: 70_000), "has over 65536 bytes"),
    ])
  func malformed(text: String, complaint: String) throws {
    let bundle = try TestBundle([.init("hello")])
    try bundle.write("manifest", text)
    let run = try bundle.run()
    #expect(run.status == 125)
    #expect(run.errors.hasPrefix("error: ") && run.errors.contains(complaint), "\(run.errors)")
    #expect(try bundle.words("done")["fault"]?.contains(complaint) == true)
    #expect(bundle.text("1.1.started") == nil)
  }

  @Test("words that a later version may have added are passed over")
  func later() throws {
    let bundle = try TestBundle([.init("hello")], settings: ["colour blue", "address n0:7000"])
    #expect(try bundle.run().status == 0)
  }

  @Test("a manifest that is a link, or no bundle at all, is refused")
  func links() throws {
    let bundle = try TestBundle([.init("hello")])
    rename("\(bundle.directory)/manifest", "\(bundle.directory)/other")
    #expect(try bundle.run().errors.contains("has no manifest"))
    symlink("other", "\(bundle.directory)/manifest")
    #expect(try bundle.run().status == 125)
    let run = try HostProgram.run("batch", "/nowhere/bundle")
    #expect(run.status == 125 && run.errors.contains("cannot open the bundle `/nowhere/bundle`"))
  }

  @Test("where memory is not capped nothing runs, and `done` says so")
  func uncapped() throws {
    let bundle = try TestBundle([.init("hello")], settings: ["caps required", "memory 1000"])
    let run = try bundle.run()
    #expect(run.status == 125 && run.errors.contains("memory"))
    #expect(try bundle.words("done")["fault"] != nil && bundle.text("1.1.started") == nil)
  }

  @Test("wrong arguments are a usage error", arguments: [["batch"], ["batch", "a", "b"]])
  func usage(arguments: [String]) throws {
    let run = try HostProgram.run(arguments)
    #expect(run.status == 2 && run.errors.hasPrefix("error: batch wants"))
  }
}
