package io.sluice.vmm.qapi;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// Marks a sealed interface whose records are the cases of a union: on the wire one object, whose member [#tag] says
/// which case it is, followed by the members of that case. Each record names its case with [Case].
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Union {
    /// Name on the wire of the member that says which case it is.
    String tag();

    /// What a record of the union stands for.
    @Retention(RetentionPolicy.RUNTIME)
    @Target(ElementType.TYPE)
    @interface Case {
        /// The value of the tag.
        String value();
    }
}
