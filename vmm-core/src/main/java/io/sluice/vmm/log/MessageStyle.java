package io.sluice.vmm.log;

/// How the program's messages look on standard error.
///
/// @param timestamp they begin with the time
/// @param guestName they name the machine
/// @param json they are lines of JSON; the other two mean nothing then
/// @param guest name of the machine; empty if it has none
public record MessageStyle(boolean timestamp, boolean guestName, boolean json, String guest) {
    /// Nothing but the text.
    public static final MessageStyle PLAIN = new MessageStyle(false, false, false, "");

    RecordFormat format() {
        return json
                ? new JsonFormat(guest.isEmpty() ? "sluice" : guest)
                : new TextFormat(timestamp, guestName && !guest.isEmpty() ? guest : null);
    }

    MessageStyle withJson() {
        return new MessageStyle(timestamp, guestName, true, guest);
    }
}
