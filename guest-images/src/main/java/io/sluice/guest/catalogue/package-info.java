/// The guests that this module gives to `boot`, the preferred one first. Found by ServiceLoader; owns nothing.
@NullMarked
package io.sluice.guest.catalogue;

import org.jspecify.annotations.NullMarked;
