package io.sluice.vmm.qapi;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// What there is to say of a record component as a member of a QAPI object. A component without it is called as in
/// Java, with `-` before capital letters; one that is `@Nullable` is optional.
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Member {
    /// Name on the wire, where the rule does not give it.
    String name() default "";

    /// One sentence for the reference.
    String value() default "";
}
