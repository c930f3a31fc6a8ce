package io.sluice.guest.cpu;

/// Where a guest stopped: at the end of its code, or in the handler of a vector, with what the handler found on its
/// stack.
///
/// @param vector of the handler, or [#END]
/// @param code error code, or [#NONE]
/// @param rip what was interrupted; at the end: behind the HLT
/// @param sp stack pointer that was saved; as it is, where none was
record Stop(int vector, int code, long rip, int cs, long flags, long sp, int ss) {
    static final int END = -1;
    static final int NONE = -1;

    /// Reached the end of its code.
    boolean isEnd() {
        return vector == END || vector == Rig.DONE;
    }

    boolean has(int flag) {
        return (flags & flag) != 0;
    }
}
