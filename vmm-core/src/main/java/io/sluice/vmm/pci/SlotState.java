package io.sluice.vmm.pci;

/// What somebody who stands before a slot sees.
///
/// @param occupied whether a card is in
/// @param powered whether the guest gives it power
public record SlotState(boolean occupied, boolean powered, Indicator attention, Indicator power) {
    /// A light.
    public enum Indicator {
        ON(1),
        BLINKING(2),
        OFF(3);

        final int code;

        Indicator(int code) {
            this.code = code;
        }

        /// @param bits the code in the low two bits; 0 is no code and shows nothing
        static Indicator of(int bits) {
            return switch (bits & 3) {
                case 1 -> ON;
                case 2 -> BLINKING;
                default -> OFF;
            };
        }
    }

    /// Whether the guest has given the card up: power and light are off.
    public boolean isOff() {
        return !powered && power == Indicator.OFF;
    }
}
