package io.sluice.vmm.gdb;

/// What arrives on a line that speaks the remote serial protocol. Acknowledgements that all is well are left out.
sealed interface PacketEvent {
    /// A packet that is whole; `payload` is without escapes and run lengths.
    record Packet(byte[] payload) implements PacketEvent {}

    /// The interrupt character between two packets.
    record Interrupt() implements PacketEvent {}

    /// The other side did not understand our last packet.
    record Refused() implements PacketEvent {}

    /// A packet whose checksum is wrong.
    record Damaged() implements PacketEvent {}

    /// A packet that is longer than we said it may be.
    record TooLong() implements PacketEvent {}
}
