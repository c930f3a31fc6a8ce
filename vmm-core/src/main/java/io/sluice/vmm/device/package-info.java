/// What devices share: ports to the rest of the machine, timers without drift, adapters. Runs on the strand of the
/// device that uses it. Devices themselves live in the rooms below, one each, and do not know one another.
@NullMarked
package io.sluice.vmm.device;

import org.jspecify.annotations.NullMarked;
