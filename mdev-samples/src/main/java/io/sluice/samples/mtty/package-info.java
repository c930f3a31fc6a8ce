/// `mtty`: a serial card with one or two ports, each looped back to itself. The smallest whole mediated device, and a
/// tutorial: [MttyDriver] makes devices, [MttyDevice] has the regions, [MttyConfig] is the table of its configuration
/// space, [UartPort] is the behaviour and [UartReg] the table of a port. Everything runs on the instance's strand.
@NullMarked
package io.sluice.samples.mtty;

import org.jspecify.annotations.NullMarked;
