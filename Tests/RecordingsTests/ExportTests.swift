import Frames
import Foundation
import JSON
import Testing

@testable import Recordings

@Suite struct ExportTests {
  @Test func `a safetensors export names every frame and holds its numbers`() throws {
    try SampleRecording.inFolder { folder in
      let (path, _) = try SampleRecording.finished(folder)
      let reader = try RecordingReader(path: path)
      var file: [UInt8] = []
      try SafetensorsExport.write(reader) { (bytes) throws(RecordingError) in file += bytes }
      let length = Int(RecordingLayout.load(file, 0, UInt64.self))
      #expect(length % 8 == 0)
      let header = try JSONValue(parsing: Array(file[8..<8 + length]))
      #expect(header["__metadata__"]?["model"] == "tiny")
      let expected: [(String, String, [Int64])] = [
        ("resid/000000/000000", "BF16", [0, 12]), ("resid/000001/000001", "F32", [12, 36]),
        ("resid/000002/000002", "F16", [36, 48]), ("resid/000003/000003", "F32", [48, 72]),
      ]
      for (name, dtype, offsets) in expected {
        #expect(header[name]?["dtype"]?.string == dtype)
        #expect(header[name]?["shape"] == [1, 2, 3])
        #expect(header[name]?["data_offsets"]?.array?.compactMap(\.integer) == offsets)
      }
      #expect(file.count == 8 + length + 72)
      let second = Array(file[(8 + length + 12)..<(8 + length + 36)])
      #expect(try second == SampleRecording.frames()[1].unpacked())
    }
  }

  @Test func `an export of singles has the numbers that each frame stands for`() throws {
    try SampleRecording.inFolder { folder in
      let (path, _) = try SampleRecording.finished(folder)
      var export = try SafetensorsExport(RecordingReader(path: path), asSingles: true)
      var file: [UInt8] = []
      while let piece = try export.next() { file += piece }
      let length = Int(RecordingLayout.load(file, 0, UInt64.self))
      let header = try JSONValue(parsing: Array(file[8..<8 + length]))
      var place = 8 + length
      for (step, frame) in try SampleRecording.frames().enumerated() {
        let entry = try #require(header["resid/00000\(step)/00000\(step)"])
        #expect(entry["dtype"]?.string == "F32")
        let numbers = try frame.values().withUnsafeBytes { Array($0) }
        #expect(Array(file[place..<place + numbers.count]) == numbers)
        place += numbers.count
      }
      #expect(place == file.count)
    }
  }

  @Test func `an NPZ export is an archive that Python reads`() throws {
    try SampleRecording.inFolder { folder in
      let (path, _) = try SampleRecording.finished(folder)
      var file: [UInt8] = []
      try NPZExport.write(RecordingReader(path: path)) { (bytes) throws(RecordingError) in
        file += bytes
      }
      let archive = folder.path + "/a.npz"
      try SampleRecording.put(file, archive)
      let script = """
        import struct, sys, zipfile
        z = zipfile.ZipFile(sys.argv[1])
        assert z.testzip() is None
        for name in z.namelist():
            b = z.read(name)
            n = struct.unpack("<H", b[8:10])[0]
            assert b[:8] == b"\\x93NUMPY\\x01\\x00" and (10 + n) % 64 == 0
            head = eval(b[10:10 + n])
            form = {"<f4": "f", "<f2": "e"}[head["descr"]]
            print(name, head["shape"], *struct.unpack("<6" + form, b[10 + n:]))
        """
      let process = Process()
      process.executableURL = URL(filePath: "/usr/bin/env")
      process.arguments = ["python3", "-c", script, archive]
      let pipe = Pipe()
      process.standardOutput = pipe
      try process.run()
      let output = pipe.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      #expect(process.terminationStatus == 0)
      let lines = String(decoding: output, as: UTF8.self).split(separator: "\n")
      #expect(lines.count == 4)
      #expect(lines.first == "resid/000000/000000.npy (1, 2, 3) 0.0 0.5 1.0 1.5 2.0 2.5")
      #expect(
        lines.dropFirst().first == "resid/000001/000001.npy (1, 2, 3) -1.0 -0.5 0.0 0.5 1.0 1.5")
    }
  }
}
