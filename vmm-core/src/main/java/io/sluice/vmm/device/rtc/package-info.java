/// The MC146818 real-time clock with its CMOS memory, at ports 0x70 to 0x73.
@NullMarked
package io.sluice.vmm.device.rtc;

import org.jspecify.annotations.NullMarked;
