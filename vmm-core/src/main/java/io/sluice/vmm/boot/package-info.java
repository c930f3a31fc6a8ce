/// From files to a guest that can be entered: kernel images of four kinds, the memory map, and what firmware leaves in
/// memory. Nothing here runs a vCPU: the result is filled memory and an [io.sluice.vmm.boot.EntryState].
/// Called on the main thread before the machine runs, and again at each reset.
@NullMarked
package io.sluice.vmm.boot;

import org.jspecify.annotations.NullMarked;
