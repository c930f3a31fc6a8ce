/// Claims about the vCPU that user mode cannot show: small guests, assembled in the test, on a real interpreter with
/// RAM,
/// a local APIC and a clock that the test turns. Each test runs in milliseconds, on its own thread and without a
/// machine.
@NullMarked
package io.sluice.guest.cpu;

import org.jspecify.annotations.NullMarked;
