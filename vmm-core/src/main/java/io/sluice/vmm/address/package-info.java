/// Addresses and identifiers of the machine. Imports nothing; every other room may use it.
@NullMarked
package io.sluice.vmm.address;

import org.jspecify.annotations.NullMarked;
