import CMillraceTransfer
import Glibc
import Testing

@Suite("Addresses of the public internet")
struct AddressTests {
  private func isPublic(_ text: String) throws -> Bool {
    var hints = addrinfo()
    hints.ai_flags = AI_NUMERICHOST
    var found: UnsafeMutablePointer<addrinfo>?
    try #require(getaddrinfo(text, nil, &hints, &found) == 0, "\(text) is no address")
    defer { freeaddrinfo(found) }
    return address_is_public(try #require(found?.pointee.ai_addr)) == 1
  }

  @Test(
    "An address is public, or it is of this machine, a private network or set aside",
    arguments: [
      ("1.1.1.1", true), ("9.255.255.255", true), ("11.0.0.0", true), ("100.63.255.255", true),
      ("100.128.0.0", true), ("126.255.255.255", true), ("128.0.0.0", true), ("169.253.255.255", true),
      ("172.15.255.255", true), ("172.32.0.0", true), ("192.167.255.255", true), ("192.169.0.0", true),
      ("198.17.255.255", true), ("198.20.0.0", true), ("223.255.255.255", true),
      ("10.0.0.0", false), ("10.255.255.255", false), ("100.127.255.255", false), ("127.255.255.255", false),
      ("172.16.0.0", false), ("192.0.2.7", false), ("192.88.99.1", false), ("198.19.255.255", false),
      ("203.0.113.9", false), ("240.0.0.1", false), ("0.1.2.3", false),
      ("2606:4700::1111", true), ("2001:200::1", true), ("2a00::1", true), ("::ffff:1.1.1.1", true),
      ("64:ff9b::1.1.1.1", true), ("2001:db7::1", true), ("2001:db9::1", true),
      ("::1", false), ("::", false), ("::ffff:10.0.0.1", false), ("64:ff9b::10.0.0.1", false),
      ("2001::1", false), ("2001:1ff::1", false), ("2001:db8::1", false), ("2002:101:101::1", false),
      ("3fff::1", false), ("fc00::1", false), ("fe80::1", false), ("ff02::1", false), ("100::1", false),
    ])
  func table(text: String, expected: Bool) throws {
    #expect(try isPublic(text) == expected)
  }
}
