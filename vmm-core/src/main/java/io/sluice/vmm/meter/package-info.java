/// Numbers that others may watch: counters, gauges and histograms of our own, and the board on which a machine hangs
/// them out. Knows no framework. A number is written by one thread at a time, as a plain field, and read by any other,
/// which sees it a little late; nobody who counts ever waits for somebody who looks.
@NullMarked
package io.sluice.vmm.meter;

import org.jspecify.annotations.NullMarked;
