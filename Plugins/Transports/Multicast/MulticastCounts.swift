/// What a multicast transport has seen so far.
public struct MulticastCounts: Sendable, Equatable {
    /// Broadcasts that went out by multicast, and their bytes.
    public internal(set) var broadcasts = 0
    public internal(set) var broadcastByteCount = 0
    /// Messages that a receiver had to be sent by TCP since it had not confirmed them in time.
    public internal(set) var substitutes = 0
    /// Objects that were not what had been announced, or could not be opened.
    public internal(set) var forged = 0
    /// Objects that had arrived before.
    public internal(set) var repeated = 0
    /// Objects of senders that are no peers, or that nobody announced while there was room for them.
    public internal(set) var strange = 0
}
