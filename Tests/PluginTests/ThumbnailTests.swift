import PluginRecording
import Testing

@Suite("thumbnail makes small pictures")
struct ThumbnailTests {
  private func thumbnail(_ input: [UInt8]?, _ parameters: String = "{}") throws -> PluginRun {
    try run("thumbnail", of: "thumbnail", parameters, in: Surroundings(input: input))
  }

  private func header(of job: PluginRun) throws -> PictureHeader {
    let bytes = try #require(job.result, "\(job.events)")
    return try #require(PictureHeader(bytes))
  }

  @Test(
    "A picture fits inside the box and keeps its shape",
    arguments: [
      ((600, 300), (100, 100), (100, 50)), ((300, 600), (100, 100), (50, 100)),
      ((600, 300), (400, 30), (60, 30)),
      ((1000, 1), (100, 100), (100, 1)), ((10, 20), (100, 100), (10, 20)),
    ])
  func fit(_ from: (Int, Int), _ box: (Int, Int), _ to: (Int, Int)) throws {
    let job = try thumbnail(
      Picture.pattern(from.0, from.1).png, #"{"width":\#(box.0),"height":\#(box.1),"format":"png"}"#)
    #expect(
      try header(of: job) == PictureHeader(kind: "png", width: to.0, height: to.1, isTransparent: true))
    #expect(job.events.last == .returned(0))
  }

  @Test("Each format has its media type, and transparency is kept where the format has it")
  func formats() throws {
    let png = Picture.pattern(64, 64).png
    for (format, isTransparent) in [("jpeg", false), ("png", true), ("webp", true)] {
      let job = try thumbnail(png, #"{"format":"\#(format)","width":32}"#)
      #expect(job.mediaType == "image/\(format)")
      #expect(
        try header(of: job)
          == PictureHeader(kind: format, width: 32, height: 32, isTransparent: isTransparent))
    }
  }

  @Test("The format is JPEG, 256 wide and high, if nothing else is asked for")
  func defaults() throws {
    let job = try thumbnail(Picture.pattern(512, 1024).png)
    #expect(try header(of: job) == PictureHeader(kind: "jpeg", width: 128, height: 256, isTransparent: false))
  }

  @Test("Its own pictures can be made smaller again", arguments: ["jpeg", "png", "webp"])
  func again(_ format: String) throws {
    let first = try thumbnail(Picture.pattern(200, 100).png, #"{"format":"\#(format)"}"#)
    let second = try thumbnail(first.result, #"{"width":50,"format":"png"}"#)
    let found = try header(of: second)
    #expect([found.width, found.height] == [50, 25])
  }

  @Test("A GIF is read")
  func gif() throws {
    let gif: [UInt8] =
      Array("GIF89a".utf8) + [1, 0, 1, 0, 0x80, 0, 0, 255, 0, 0, 0, 0, 0, 0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0]
      + [2, 2, 0x44, 1, 0, 0x3B]
    #expect(try header(of: thumbnail(gif)).width == 1)
  }

  @Test("Quality makes a difference in size")
  func quality() throws {
    let png = Picture.pattern(256, 256).png
    let sizes = try [10, 50, 95].map { try thumbnail(png, #"{"quality":\#($0)}"#).result?.count ?? 0 }
    #expect(sizes == sizes.sorted() && sizes[0] < sizes[2])
  }

  @Test("A file is read from its path")
  func file() throws {
    let directory = try TemporaryDirectory()
    let file = try directory.write("picture.png", Picture.pattern(300, 300).png)
    let job = try thumbnail(nil, #"{"path":"\#(file)","width":30}"#)
    #expect(try header(of: job).width == 30)
  }

  @Test(
    "A photograph is turned upright as its camera says",
    arguments: [(1, 100, 50), (3, 100, 50), (6, 50, 100), (8, 50, 100)])
  func orientation(_ orientation: UInt8, _ width: Int, _ height: Int) throws {
    let jpeg = try #require(thumbnail(Picture.pattern(200, 100).png).result)
    // A little-endian TIFF block with the one tag 0x0112.
    let exif =
      Array("Exif\0\0II*\0".utf8) + [
        8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0,
      ]
    let photograph = jpeg[..<2] + [0xFF, 0xE1, 0, UInt8(exif.count + 2)] + exif + jpeg[2...]
    let found = try header(of: thumbnail(Array(photograph), #"{"width":100,"height":100}"#))
    #expect([found.width, found.height] == [width, height])
  }

  @Test(
    "What is no picture is refused", arguments: ["hello", "\u{89}PNG", "GIF89a", "RIFF....WEBP", "<svg/>"])
  func noPicture(_ text: String) throws {
    let job = try thumbnail(Array(text.utf8))
    #expect(job.failureCode == "not_an_image")
    #expect(job.failure?.isRetryable == false)
  }

  @Test("A picture that ends too early is refused wherever it ends")
  func cutOff() throws {
    let png = Picture.pattern(40, 40).png
    let jpeg = try #require(thumbnail(png).result)
    for picture in [png, jpeg] {
      for length in [9, 20, 33, 60] {
        #expect(try thumbnail(Array(picture[..<length])).failureCode == "not_an_image")
      }
    }
  }

  @Test("A picture of more than 100 megapixels is refused before it is decoded")
  func bomb() throws {
    for (width, height) in [
      (100_000, 100_000), (10_001, 10_000), (Int(Int32.max), 1), (0xFFFF_FFFF, 0xFFFF_FFFF),
    ] {
      #expect(try thumbnail(Picture.pngHeader(width, height)).failureCode == "too_large")
    }
    #expect(try thumbnail(Picture.pngHeader(0, 10)).failureCode == "not_an_image")
  }

  @Test("An animated WebP is refused by name")
  func animated() throws {
    let webp =
      Array("RIFF".utf8) + [22, 0, 0, 0] + Array("WEBPVP8X".utf8) + [10, 0, 0, 0, 2, 0, 0, 0] + [
        9, 0, 0, 9, 0, 0,
      ]
    let job = try thumbnail(webp)
    #expect(job.failureCode == "not_an_image")
    #expect(job.failure?.message == "an animated WebP is no single picture")
  }

  @Test(
    "What is wrong with the file has a code of its own",
    arguments: [
      ("/nowhere", "not_found"), ("/etc", "not_an_image"), ("/etc/passwd", "not_an_image"),
      ("/dev/zero", "not_an_image"),
    ])
  func wrongPath(_ path: String, _ code: String) throws {
    #expect(try thumbnail(nil, #"{"path":"\#(path)"}"#).failureCode == code)
  }

  @Test(
    "Parameters that don't fit are refused",
    arguments: [
      "{}", #"{"path":"/x","width":0}"#, #"{"path":"/x","height":5000}"#, #"{"path":"/x","format":"bmp"}"#,
    ])
  func wrongParameters(_ parameters: String) throws {
    #expect(try thumbnail(nil, parameters).failureCode == "invalid_parameters")
  }
}
