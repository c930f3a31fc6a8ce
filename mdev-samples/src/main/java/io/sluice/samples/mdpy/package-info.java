/// `mdpy`: a plain framebuffer, mediated. Its BAR is memory that the guest writes without leaving its vCPU, and a
/// second region shows the same memory to whoever displays it. [MdpyDriver] makes devices, [MdpyDevice] has the
/// regions,
/// [MdpyConfig] is the table of configuration space, [MdpyMode] the three types. Everything runs on the instance's
/// strand.
@NullMarked
package io.sluice.samples.mdpy;

import org.jspecify.annotations.NullMarked;
