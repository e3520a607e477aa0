package dev.sluice.models.chat;

/// A filter, a test or a method: a function of its subject and the arguments. Pure but for the
/// counters of the rendering.
@FunctionalInterface
interface Operation {
    Object apply(Rendering run, Object subject, Arguments arguments);
}
