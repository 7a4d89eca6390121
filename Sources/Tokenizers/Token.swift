/// One entry of a vocabulary, by its number; never negative when it comes from this room.
package typealias Token = Int32
