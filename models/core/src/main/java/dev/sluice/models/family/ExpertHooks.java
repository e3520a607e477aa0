package dev.sluice.models.family;

import dev.sluice.router.ExpertStore;
import dev.sluice.router.ResidentExperts;
import dev.sluice.router.RoutingObserver;

/// What a model is given for its expert layers beside the weights.
///
/// @param observer  sees the routing of every step
/// @param store     keeps the experts; the model closes it
public record ExpertHooks(RoutingObserver observer, ExpertStore store) {

    /// Nobody watches, and every expert is kept.
    public static ExpertHooks none() {
        return new ExpertHooks(RoutingObserver.none(), new ResidentExperts());
    }
}
