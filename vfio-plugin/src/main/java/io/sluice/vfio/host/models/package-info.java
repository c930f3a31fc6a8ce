/// The devices that a host can have: the models that stand on a guest's bus too, made from the properties of a
/// description.
@NullMarked
package io.sluice.vfio.host.models;

import org.jspecify.annotations.NullMarked;
