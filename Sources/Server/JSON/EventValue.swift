package import Frames

/// JSON as events carry it; requests are read as `JSON.JSONValue`, which templates take.
package typealias EventValue = Frames.JSONValue
