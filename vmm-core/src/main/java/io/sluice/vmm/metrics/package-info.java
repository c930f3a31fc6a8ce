/// What a machine's meters look like from outside: `-object metrics` serves them as Prometheus text. The only room that
/// knows Micrometer.
///
/// Objects are made and closed by the thread that owns the machine; requests are served on an event loop, which only
/// reads numbers that others write. It never asks a device, a strand or a vCPU for anything.
@NullMarked
package io.sluice.vmm.metrics;

import org.jspecify.annotations.NullMarked;
