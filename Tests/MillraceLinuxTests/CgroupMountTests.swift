import MillraceLinux
import Testing

struct CgroupMountTests {
  @Test(
    "the mount point of v2 is found in each kernel's mountinfo",
    arguments: [
      ("uml-6.1", "/sys/fs/cgroup"), ("debian-6.1", "/sys/fs/cgroup"),
      ("native-6.18", "/sys/fs/cgroup/unified"),
    ])
  func found(_ kernel: String, _ path: String) throws {
    #expect(CgroupMount(mountInfo: try Fixture.text(kernel, "mountinfo"))?.path == path)
  }

  @Test(
    "without v2 there is none",
    arguments: [
      "", "\n", "garbage\n", "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n",
      "41 31 0:38 / /mnt/cgroup2 rw,relatime - tmpfs cgroup2 rw\n", "41 31 - cgroup2 cgroup2 rw\n", " - \n",
    ])
  func none(_ text: String) {
    #expect(CgroupMount(mountInfo: text) == nil)
  }

  @Test("optional fields do not matter", arguments: ["", "shared:9 ", "shared:9 master:1 unbindable "])
  func optionalFields(_ fields: String) {
    let line = "30 25 0:27 / /sys/fs/cgroup rw,nosuid \(fields)- cgroup2 cgroup2 rw,nsdelegate\n"
    #expect(CgroupMount(mountInfo: line)?.path == "/sys/fs/cgroup")
  }

  @Test(
    "escaped characters of a mount point are read once",
    arguments: [
      (#"/a\040b"#, "/a b"), (#"/a\011b\012c"#, "/a\tb\nc"), (#"/a\134b"#, #"/a\b"#),
      (#"/a\134040b"#, #"/a\040b"#), (#"/\134134"#, #"/\134"#), (#"/end\040"#, "/end "),
      (#"/a\04"#, #"/a\04"#), ("/ü", "/ü"), (#"/\043x"#, "/#x"),
    ])
  func escapes(_ written: String, _ path: String) {
    #expect(CgroupMount(mountInfo: "1 2 0:1 / \(written) rw - cgroup2 none rw\n")?.path == path)
  }

  @Test(
    "the own group is the line of v2",
    arguments: [
      ("0::/\n", "/"), ("0::/user.slice/user-1000.slice\n", "/user.slice/user-1000.slice"),
      ("1:cpu:/x\n0::/unified here\n", "/unified here"), ("1:name=0::/:/x\n0::/y\n", "/y"),
    ])
  func ownGroup(_ text: String, _ group: String) {
    #expect(CgroupMount.ownGroup(text) == group)
  }

  @Test("without a line of v2 there is no own group", arguments: ["", "4:memory:/x\n", "10::/x\n", "0::x\n"])
  func noOwnGroup(_ text: String) {
    #expect(CgroupMount.ownGroup(text) == nil)
  }

  @Test("the own group is found in each kernel's file", arguments: ["uml-6.1", "debian-6.1", "native-6.18"])
  func ownGroupOfKernels(_ kernel: String) throws {
    #expect(CgroupMount.ownGroup(try Fixture.text(kernel, "cgroup")) == "/")
  }
}
