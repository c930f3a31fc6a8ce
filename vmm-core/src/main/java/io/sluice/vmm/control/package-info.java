/// What scripts and people do with a running machine: the commands of QMP and the texts of the human monitor.
/// Everything here runs on the thread that owns the machine and never waits for the guest.
@NullMarked
package io.sluice.vmm.control;

import org.jspecify.annotations.NullMarked;
