package io.sluice.samples.mbochs;

import io.sluice.vmm.regs.Register;
import io.sluice.vmm.regs.RegisterSpec;

/// The registers of 32 bits at the start of the EDID region, which the host writes; as vfio lays them out.
enum EdidReg implements Register {
    /// Where in the region the EDID lies.
    EDID_OFFSET(EdidRegion.BLOB, 0),
    EDID_MAX_SIZE(EdidRegion.BLOB_SIZE, 0),
    EDID_SIZE(0, -1),
    /// The largest mode that makes sense; 0 for no limit.
    MAX_XRES(0, 0),
    MAX_YRES(0, 0),
    /// [EdidRegion#LINK_UP] or [EdidRegion#LINK_DOWN].
    LINK_STATE(0, -1);

    private final RegisterSpec spec;

    EdidReg(int reset, int writable) {
        spec = RegisterSpec.at(4 * ordinal()).bytes(4).reset(reset).writable(writable & 0xFFFF_FFFFL);
    }

    @Override
    public RegisterSpec spec() {
        return spec;
    }
}
