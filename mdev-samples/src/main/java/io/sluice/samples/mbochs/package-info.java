/// `mbochs`: the display of the Bochs emulator, mediated, for which every Linux kernel has a driver. The guest sets a
/// mode by a few registers and draws into memory that is its BAR; whoever shows it asks for the present picture and
/// gets
/// a dma-buf. [MbochsDriver] makes devices from a pool of memory, [MbochsDevice] has the regions, [Dispi] the mode
/// registers, [EdidRegion] what the host tells of its monitor, [Pictures] the dma-bufs, [MbochsConfig] configuration
/// space. Everything runs on the instance's strand.
@NullMarked
package io.sluice.samples.mbochs;

import org.jspecify.annotations.NullMarked;
