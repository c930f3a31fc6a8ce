package io.sluice.vfio.vfio.pci;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.vfio.FeatureData;
import io.sluice.vfio.vfio.VfToken;
import io.sluice.vfio.vfio.VfioFeature;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Which token a function's user has to show: a physical function and its virtual ones share one, so that nobody uses
/// one of them without the other's consent.
final class TokenRule {
    /// Of a function without virtual ones, or whose physical one is not vfio's: there is no token.
    static final TokenRule NONE = new TokenRule(null, false);

    private final @Nullable VfToken token;
    private final boolean isPhysical;

    private TokenRule(@Nullable VfToken token, boolean isPhysical) {
        this.token = token;
        this.isPhysical = isPhysical;
    }

    static TokenRule physical() {
        return new TokenRule(new VfToken(), true);
    }

    /// Of a virtual function of the one that has this rule.
    TokenRule virtual() {
        return token == null ? NONE : new TokenRule(token, false);
    }

    void check(@Nullable UUID shown) {
        if (token != null && isPhysical) {
            token.checkPhysical(shown);
        } else if (token != null) {
            token.checkVirtual(shown);
        } else if (shown != null) {
            throw new HostException(Errno.EINVAL, "no token applies here");
        }
    }

    /// A user has opened the function, or closed it.
    void use(boolean on) {
        if (token != null && !isPhysical) {
            token.use(on);
        }
    }

    /// PCI_VF_TOKEN, which a physical function has.
    @Nullable
    VfioFeature feature() {
        var mine = token;
        if (mine == null || !isPhysical) {
            return null;
        }
        return new VfioFeature() {
            @Override
            public int operations() {
                return SET;
            }

            @Override
            public void set(FeatureData data) {
                if (!(data instanceof FeatureData.VfToken given)) {
                    throw new HostException(Errno.EINVAL, "a token is wanted");
                }
                mine.set(given.token());
            }
        };
    }
}
