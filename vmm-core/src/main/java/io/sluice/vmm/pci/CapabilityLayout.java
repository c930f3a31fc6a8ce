package io.sluice.vmm.pci;

/// Places capabilities one after another and links them, as section 7.5.3 chains them: in order of addition.
final class CapabilityLayout {
    static final int FIRST = 0x40;
    static final int FIRST_EXTENDED = 0x100;

    private final ConfigSpace config;
    private int link = HeaderReg.CAPABILITIES_POINTER.offset;
    private int free = FIRST;
    private int lastExtended = -1;
    private int freeExtended = FIRST_EXTENDED;

    CapabilityLayout(ConfigSpace config) {
        this.config = config;
    }

    /// Links a capability of `length` bytes, header included.
    ///
    /// @param at where it lies, or 0 for the next free place
    /// @return its offset
    int add(int id, int at, int length) {
        int offset = at == 0 ? free : at;
        if (offset < FIRST || (offset & 3) != 0 || offset + length > ConfigSpace.CONVENTIONAL) {
            throw new IllegalStateException("no room for capability 0x" + Integer.toHexString(id));
        }
        config.define(offset, 2, id, 0, 0);
        config.define(link, 1, offset, 0, 0);
        link = offset + 1;
        free = Math.max(free, offset + length + 3 & ~3);
        int status = config.get16(HeaderReg.STATUS.offset);
        config.set(HeaderReg.STATUS.offset, 2, status | HeaderReg.STATUS_CAPABILITIES);
        return offset;
    }

    /// Links an extended capability of `length` bytes, header included.
    int addExtended(int id, int version, int length) {
        int offset = freeExtended;
        if (offset + length > ConfigSpace.EXTENDED) {
            throw new IllegalStateException("no room for extended capability 0x" + Integer.toHexString(id));
        }
        config.define(offset, 4, id | version << 16, 0, 0);
        if (lastExtended >= 0) {
            config.set(lastExtended, 4, config.get32(lastExtended) | offset << 20);
        }
        lastExtended = offset;
        freeExtended = offset + length + 3 & ~3;
        return offset;
    }
}
