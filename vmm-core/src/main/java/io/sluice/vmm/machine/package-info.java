/// The composition root: what a machine is made of ([MachineConfig]), where things lie ([Q35Map]), and the life of a
/// machine ([Lifecycle]). It alone knows every room below; nothing below knows it.
@NullMarked
package io.sluice.vmm.machine;

import org.jspecify.annotations.NullMarked;
