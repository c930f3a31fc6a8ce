/// A random driver of the simulated host that holds I1 to I7 of the security model, and mutations that show it can
/// fail.
@org.jspecify.annotations.NullMarked
package io.sluice.vfio.invariants;
