/// The vCPU: its thread, how it runs, stops, sleeps and is reset, and how interrupts reach it.
@NullMarked
package io.sluice.vmm.cpu;

import org.jspecify.annotations.NullMarked;
